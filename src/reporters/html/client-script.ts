/**
 * The page's script, as the text that is in the page.
 *
 * A text and not a compiled module: the policy names it by its hash, so it must be the same bytes whatever bundles or
 * transpiles this file. It puts texts into elements only as text; the data it shows (see data.ts) is in the page as JSON.
 */
export const CLIENT_SCRIPT = String.raw`
'use strict';
(() => {
  const PAGE_ROWS = 50;
  const PRINTED_ROWS = 1000;
  const data = JSON.parse(document.getElementById('report-data').textContent);
  const emptyRow = document.getElementById('row').content.querySelector('tr');
  const number = new Intl.NumberFormat('en-US');
  const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  const credentialOf = (finding) => data.credentials[finding.credential];
  const ownerOf = (finding) => data.owners[credentialOf(finding).owner];
  const ruleOf = (finding) => data.rules[finding.rule];

  const element = (name, content) => {
    const made = document.createElement(name);
    made.append(content);
    return made;
  };

  function row(finding) {
    const filled = emptyRow.cloneNode(true);
    const slots = {};
    for (const slot of filled.querySelectorAll('[data-slot]')) slots[slot.dataset.slot] = slot;
    const rule = ruleOf(finding);
    const credential = credentialOf(finding);
    const parts = { finding, rule, credential, owner: ownerOf(finding), fix: data.fixes[finding.fix] };
    for (const [slot, [part, key]] of Object.entries(data.slots)) {
      slots[slot].textContent = parts[part][key];
      slots[slot].hidden = !parts[part][key];
    }
    slots.severity.classList.add(finding.level);
    if (finding.status) slots.status.classList.add(finding.status);
    for (const [name, fact] of data.facts.map((name, i) => [name, credential.facts[i]]).concat(finding.evidence))
      if (fact) slots.facts.append(element('dt', name), element('dd', element('bdi', fact)));
    slots.references.hidden = rule.references.length === 0;
    for (const { title, url } of rule.references) {
      const link = url ? element('a', title) : title;
      if (url) Object.assign(link, { href: url, rel: 'noopener noreferrer' });
      slots.references.append(element('li', link));
    }
    slots.permalink.href = '#' + finding.fingerprint;
    slots.message.id = finding.fingerprint;
    return filled;
  }

  const SORT_KEYS = {
    severity: (finding) => -finding.rank,
    rule: (finding) => ruleOf(finding).id + '\n' + finding.message,
    name: (finding) => credentialOf(finding).name,
    owner: (finding) => ownerOf(finding).label,
    used: (finding) => credentialOf(finding).usedAt ?? Infinity,
    ends: (finding) => credentialOf(finding).endsAt ?? Infinity,
  };

  /** A table with its header and pager; the order of the report is the order by severity. */
  function findingsTable(id, all) {
    const table = document.getElementById(id);
    if (!table) return undefined;
    const pager = table.nextElementSibling;
    const [previous, next] = pager.querySelectorAll('button');
    let wanted = () => true;
    let shown = all;
    let sorting = { column: 'severity', descending: false };
    let page = 0;
    let size = PAGE_ROWS;

    function draw(newPage) {
      page = newPage;
      const start = page * size;
      const rows = shown.slice(start, start + size);
      table.tBodies[0].replaceChildren(...rows.map(row));
      for (const header of table.querySelectorAll('th')) {
        if (header.dataset.column !== sorting.column) header.removeAttribute('aria-sort');
        else header.setAttribute('aria-sort', sorting.descending ? 'descending' : 'ascending');
      }
      pager.hidden = shown.length <= size;
      pager.querySelector('span').textContent =
        number.format(start + 1) + '–' + number.format(start + rows.length) + ' of ' + number.format(shown.length);
      previous.setAttribute('aria-disabled', String(page === 0));
      next.setAttribute('aria-disabled', String(start + size >= shown.length));
    }
    function update() {
      const key = SORT_KEYS[sorting.column];
      const way = sorting.descending ? -1 : 1;
      const keyed = all.filter(wanted).map((finding) => [key(finding), finding]);
      keyed.sort(([a], [b]) => way * (typeof a === 'string' ? collator.compare(a, b) : a === b ? 0 : a < b ? -1 : 1));
      shown = keyed.map(([, finding]) => finding);
      draw(0);
    }
    for (const header of table.querySelectorAll('th')) {
      const button = header.querySelector('button');
      header.querySelector('.static').hidden = true;
      button.hidden = false;
      button.addEventListener('click', () => {
        const { column } = header.dataset;
        sorting = { column, descending: sorting.column === column && !sorting.descending };
        update();
      });
    }
    pager.addEventListener('click', (event) => {
      const button = event.target.closest('button');
      if (!button || button.getAttribute('aria-disabled') === 'true') return;
      draw(page + Number(button.dataset.step));
      table.scrollIntoView({ block: 'start' });
    });
    addEventListener('beforeprint', () => { size = PRINTED_ROWS; draw(0); });
    addEventListener('afterprint', () => { size = PAGE_ROWS; draw(0); });
    return {
      filter(predicate) { wanted = predicate; update(); return shown.length; },
      /** Turns to the page of a finding; false if the table does not hold it now. */
      turnTo(fingerprint) {
        const place = shown.findIndex((finding) => finding.fingerprint === fingerprint);
        if (place >= 0) draw(Math.floor(place / size));
        return place >= 0;
      },
    };
  }

  for (const note of document.querySelectorAll('.note.static')) note.hidden = true;
  const open = findingsTable('open', data.findings);
  const waived = findingsTable('accepted', data.waived);
  waived?.filter(() => true);

  const form = document.getElementById('filters');
  let texts;

  /** Everything that a search looks through, put together at the first search. */
  function searchable() {
    texts ??= new Map(data.findings.map((finding) => {
      const { id, title } = ruleOf(finding);
      const words = [finding.message, finding.fingerprint, id, title, ownerOf(finding).label, ...credentialOf(finding).facts];
      return [finding, words.join('\n').toLowerCase()];
    }));
    return texts;
  }

  function applyFilters() {
    const wanted = new FormData(form);
    const levels = wanted.getAll('severity');
    const [search, owner] = ['search', 'owner'].map((name) => wanted.get(name).trim().toLowerCase());
    const [rule, kind, status] = ['rule', 'kind', 'status'].map((name) => wanted.get(name));
    const words = search.split(/\s+/).filter(Boolean);
    const haystack = words.length > 0 ? searchable() : undefined;
    const exactly = data.owners.some(({ label }) => label.toLowerCase() === owner);
    const hasOwner = (label) => (exactly ? label === owner : label.includes(owner));
    const count = open.filter((finding) =>
      (levels.length === 0 || levels.includes(finding.level)) &&
      (!rule || ruleOf(finding).id === rule) &&
      (!kind || credentialOf(finding).kind === kind) &&
      (!status || finding.status === status || (status === 'new' && finding.status === 'reopened')) &&
      (!owner || hasOwner(ownerOf(finding).label.toLowerCase())) &&
      words.every((word) => haystack.get(finding).includes(word)));
    const total = data.findings.length;
    document.getElementById('result').textContent =
      number.format(count) + ' of ' + number.format(total) + (total === 1 ? ' finding' : ' findings');
  }

  function showAll() {
    form.reset();
    applyFilters();
  }

  if (open) {
    form.hidden = false;
    form.addEventListener('input', applyFilters);
    form.addEventListener('submit', (event) => event.preventDefault());
    document.getElementById('filter-reset').addEventListener('click', showAll);
    // So that the first letter typed does not have to wait for it.
    globalThis.requestIdleCallback?.(searchable);
    showAll();
    document.addEventListener('click', (event) => {
      const link = event.target.closest('a[data-filter]');
      if (!link) return;
      const { filter, value } = link.dataset;
      form.reset();
      // Counts by status leave out unknown outcomes, so the rows behind them do too.
      for (const box of form.elements.severity)
        box.checked = filter === 'severity' ? box.value === value : filter === 'status' && box.value !== 'unknown';
      if (filter !== 'severity') form.elements[filter].value = value;
      applyFilters();
    });
  }

  /** Shows the finding that the address names, whatever was filtered away. */
  function showLinked() {
    const fingerprint = location.hash.slice(1);
    if (!fingerprint) return;
    if (data.findings.some((finding) => finding.fingerprint === fingerprint)) {
      if (!open.turnTo(fingerprint)) {
        showAll();
        open.turnTo(fingerprint);
      }
    } else if (!waived?.turnTo(fingerprint)) {
      if (data.resolved.includes(fingerprint)) document.getElementById('resolved').focus();
      return;
    }
    const found = document.getElementById(fingerprint);
    found.closest('tr').classList.add('target');
    found.closest('details').open = true;
    found.scrollIntoView({ block: 'center' });
    found.focus({ preventScroll: true });
  }
  addEventListener('hashchange', showLinked);
  showLinked();
})();
`;
