/**
 * The page's script, as the text that is in the page.
 *
 * A text and not a compiled module: the policy names it by its hash, so it must be the same bytes whatever bundles or
 * transpiles this file. It puts texts into elements only as text; the data it shows (see data.ts) is in the page as JSON.
 */
export const CLIENT_SCRIPT = String.raw`
'use strict';
(() => {
  const PAGE_CARDS = 25;
  const PRINTED_CARDS = 1000;
  const { credentials, owners, kinds, rules, fixes } = JSON.parse(document.getElementById('report-data').textContent);
  const [form, result, cards, pager, heading] =
    ['filters', 'result', 'cards', 'pager', 'credentials'].map((id) => document.getElementById(id));
  if (!form) return;
  const [previous, next] = pager.querySelectorAll('button');
  const number = new Intl.NumberFormat('en-US');
  const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  const total = credentials.reduce((sum, { findings }) => sum + findings.length, 0);

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    made.append(...children.flat().filter(Boolean));
    return made;
  }

  function card({ name, kind, owner, self, facts }, findings) {
    const { name: kindName, place } = kinds[kind];
    return element('article', { class: 'card credential ' + findings[0].severity },
      element('header', {},
        element('h3', {}, element('bdi', {}, name)),
        element('p', { class: 'who' }, kindName,
          owners[owner] && [element('br', {}), element('bdi', {}, owners[owner])],
          self && [element('br', {}), element('b', {}, 'runs this audit')])),
      element('ul', {}, findings.map(item)),
      facts.length > 0 && element('details', {}, element('summary', {}, 'Details'),
        element('dl', {}, facts.flatMap(([fact, value]) =>
          [element('dt', {}, fact), element('dd', {}, element('bdi', {}, value))]),
          place && [element('dt', {}, 'In ConductorOne'), element('dd', {}, place)])));
  }

  function item({ fingerprint, severity, news, since, message, rule, fix }) {
    const { id, title, page } = rules[rule];
    return element('li', { id: fingerprint, tabindex: '-1' },
      element('p', {}, element('span', { class: 'severity ' + severity }, severity), ' ', message,
        news && [' ', element('span', { class: 'chip' }, news)]),
      element('p', { class: 'fix' },
        element('a', { href: page, title, rel: 'noopener noreferrer' }, id), ' · Fix: ', fixes[fix], since && ' · ' + since,
        element('a', { class: 'permalink', href: '#' + fingerprint, 'aria-label': 'Link to this finding' }, '#')));
  }

  let shown = [];
  let page = 0;
  let size = PAGE_CARDS;

  function draw() {
    page = Math.max(0, Math.min(page, Math.ceil(shown.length / size) - 1));
    const start = page * size;
    const end = Math.min(shown.length, start + size);
    cards.replaceChildren(...shown.slice(start, end).map(([credential, findings]) => card(credential, findings)));
    pager.hidden = shown.length <= size;
    pager.querySelector('span').textContent =
      number.format(start + 1) + '–' + number.format(end) + ' of ' + number.format(shown.length);
    previous.setAttribute('aria-disabled', String(page === 0));
    next.setAttribute('aria-disabled', String(end === shown.length));
  }

  let texts;

  /** Everything that a search looks through, put together at the first search. */
  function searchable() {
    texts ??= new Map(credentials.flatMap(({ name, kind, owner, facts, findings }) => {
      const common = [name, kinds[kind].name, owners[owner], ...facts.map(([, value]) => value)].join('\n');
      return findings.map((finding) => {
        const { id, title } = rules[finding.rule];
        return [finding, [common, finding.message, finding.fingerprint, id, title].join('\n').toLowerCase()];
      });
    }));
    return texts;
  }

  const SORT_KEYS = {
    // Letters come after digits.
    expires: ({ expires }) => expires || 'zz',
    used: ({ used }) => used || 'zz',
    name: ({ name }) => name,
    owner: ({ owner }) => owners[owner],
  };

  function filter() {
    const wanted = new FormData(form);
    const [rule, kind, status, sort] = ['rule', 'kind', 'status', 'sort'].map((name) => wanted.get(name));
    const [search, owner] = ['search', 'owner'].map((name) => wanted.get(name).trim().toLowerCase());
    const levels = wanted.getAll('severity');
    const words = search.split(/\s+/).filter(Boolean);
    const haystack = words.length > 0 ? searchable() : undefined;
    const exactly = owners.some((label) => label.toLowerCase() === owner);
    const hasOwner = (label) => (exactly ? label === owner : label.includes(owner));
    const isWanted = (finding) =>
      (levels.length === 0 || levels.includes(finding.severity)) &&
      (!rule || rules[finding.rule].id === rule) &&
      (!status || (status === 'new') === (finding.news !== '')) &&
      words.every((word) => haystack.get(finding).includes(word));
    shown = credentials.flatMap((credential) => {
      if ((kind && kinds[credential.kind].name !== kind) || (owner && !hasOwner(owners[credential.owner].toLowerCase()))) return [];
      const findings = credential.findings.filter(isWanted);
      return findings.length > 0 ? [[credential, findings]] : [];
    });
    const key = SORT_KEYS[sort];
    if (key) shown.sort(([a], [b]) => collator.compare(key(a), key(b)));
    else shown.sort(([, [a]], [, [b]]) => b.rank - a.rank);
    const count = shown.reduce((sum, [, findings]) => sum + findings.length, 0);
    result.textContent = number.format(shown.length) + ' of ' + number.format(credentials.length) +
      ' credentials, ' + number.format(count) + ' of ' + number.format(total) + ' findings';
    draw();
  }

  /** The filters and the page, as they are in the address. */
  function address() {
    const chosen = [...new FormData(form)].filter(([, value]) => value !== '');
    if (page > 0) chosen.push(['page', page + 1]);
    return '#' + new URLSearchParams(chosen);
  }

  function remember() {
    if ((location.hash || '#') !== address()) history.pushState(null, '', address());
  }

  /** Shows what an address names: a finding, or filters and a page. Other addresses are those of sections. */
  function show(hash) {
    const fingerprint = hash.slice(1);
    if (credentials.some(({ findings }) => findings.some((finding) => finding.fingerprint === fingerprint))) {
      form.reset();
      filter();
      const place = shown.findIndex(([, findings]) => findings.some((finding) => finding.fingerprint === fingerprint));
      page = Math.floor(place / size);
      draw();
      const found = document.getElementById(fingerprint);
      found.scrollIntoView({ block: 'center' });
      found.focus({ preventScroll: true });
    } else if (hash === '' || hash.includes('=')) {
      const wanted = new URLSearchParams(fingerprint);
      form.reset();
      for (const control of form.elements) {
        if (control.type === 'checkbox') control.checked = wanted.getAll(control.name).includes(control.value);
        else if (control.name) control.value = wanted.get(control.name) ?? '';
        // An option that this report does not have.
        if (control.selectedIndex === -1) control.value = '';
      }
      page = Number(wanted.get('page') ?? 1) - 1 || 0;
      filter();
    } else if (shown.length === 0) filter();
  }

  function jump() {
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  }

  form.hidden = credentials.length < 2;
  for (const link of document.querySelectorAll('a[data-filter]')) link.href = '#' + link.dataset.filter;
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', () => { page = 0; filter(); });
  form.addEventListener('change', remember);
  document.getElementById('filter-reset').addEventListener('click', () => { form.reset(); page = 0; filter(); remember(); });
  pager.addEventListener('click', ({ target }) => {
    if (target.value === undefined || target.getAttribute('aria-disabled') === 'true') return;
    page += Number(target.value);
    draw();
    remember();
    heading.scrollIntoView();
  });
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-filter]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    show(link.hash);
    jump();
  });
  addEventListener('hashchange', () => show(location.hash));
  addEventListener('beforeprint', () => {
    for (const rest of document.querySelectorAll('.rest')) rest.open = true;
    size = PRINTED_CARDS;
    draw();
  });
  addEventListener('afterprint', () => { size = PAGE_CARDS; draw(); });
  // So that the first letter typed does not have to wait for it.
  globalThis.requestIdleCallback?.(searchable);
  show(location.hash);
  if (location.hash.includes('=')) jump();
})();
`;
