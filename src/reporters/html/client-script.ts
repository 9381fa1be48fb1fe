/**
 * The page's script, as the text that stands in the page.
 *
 * A text and not a compiled module: the policy names it by its hash, so it must be the same bytes whatever bundles or
 * transpiles this file. It puts texts into elements only as text; the data it shows stands in the page as JSON.
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
  const ownerOf = (finding) => data.owners[credentialOf(finding)?.owner];
  const ownerLabel = (finding) => ownerOf(finding)?.label ?? data.onAWaiver;

  const element = (name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  };

  function row(finding) {
    const credential = credentialOf(finding);
    const owner = ownerOf(finding);
    const rule = data.rules[finding.rule];
    const filled = emptyRow.cloneNode(true);
    const slots = {};
    for (const slot of filled.querySelectorAll('[data-slot]')) slots[slot.dataset.slot] = slot;
    const texts = {
      severity: finding.level === 'unknown' ? 'could not tell' : finding.level,
      status: finding.status, message: finding.message, rule: rule.id, waiver: finding.waiver,
      name: credential?.name ?? data.onAWaiver, kind: credential?.kind, self: credential?.self ? 'runs this audit' : '',
      owner: owner?.name, ownerDetail: owner?.detail, used: credential?.used, usedDay: credential?.usedDay,
      ends: credential?.ends, endsDay: credential?.endsDay, fix: data.fixes[finding.fix], about: rule.about,
      fingerprint: finding.fingerprint,
    };
    for (const [slot, text] of Object.entries(texts)) {
      slots[slot].textContent = text ?? '';
      slots[slot].hidden = !text;
    }
    slots.severity.classList.add(finding.level);
    if (finding.status) slots.status.classList.add(finding.status);
    const facts = data.facts.map((name, i) => [name, credential?.facts[i]]).filter(([, fact]) => typeof fact === 'string');
    if (finding.firstSeen) facts.push(['First seen', finding.firstSeen]);
    for (const [name, fact] of facts.concat(finding.evidence)) {
      const value = document.createElement('dd');
      value.append(element('bdi', fact));
      slots.facts.append(element('dt', name), value);
    }
    slots.references.hidden = rule.references.length === 0;
    for (const { title, url } of rule.references) {
      const item = element('li', url ? '' : title);
      if (url) {
        const link = element('a', title);
        link.href = url;
        link.rel = 'noopener noreferrer';
        item.append(link);
      }
      slots.references.append(item);
    }
    slots.permalink.href = '#' + finding.fingerprint;
    slots.message.id = finding.fingerprint;
    return filled;
  }

  const never = Infinity;
  const SORT_KEYS = {
    severity: (finding) => -finding.rank,
    rule: (finding) => data.rules[finding.rule].id + '\n' + finding.message,
    name: (finding) => credentialOf(finding)?.name ?? '',
    owner: ownerLabel,
    used: (finding) => credentialOf(finding)?.usedAt ?? never,
    ends: (finding) => credentialOf(finding)?.endsAt ?? never,
  };

  /** A table with its header and pager; the order the report came in is the order by severity. */
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

    function draw() {
      const rows = shown.slice(page * size, (page + 1) * size);
      table.tBodies[0].replaceChildren(...rows.map(row));
      for (const header of table.querySelectorAll('th')) {
        if (header.dataset.column !== sorting.column) header.removeAttribute('aria-sort');
        else header.setAttribute('aria-sort', sorting.descending ? 'descending' : 'ascending');
      }
      pager.hidden = shown.length <= size;
      pager.querySelector('span').textContent =
        number.format(page * size + 1) + '–' + number.format(page * size + rows.length) + ' of ' + number.format(shown.length);
      previous.setAttribute('aria-disabled', String(page === 0));
      next.setAttribute('aria-disabled', String((page + 1) * size >= shown.length));
    }
    function update() {
      const key = SORT_KEYS[sorting.column];
      const way = sorting.descending ? -1 : 1;
      const keyed = all.filter(wanted).map((finding) => [key(finding), finding]);
      keyed.sort(([a], [b]) => way * (typeof a === 'string' ? collator.compare(a, b) : a === b ? 0 : a < b ? -1 : 1));
      shown = keyed.map(([, finding]) => finding);
      page = 0;
      draw();
    }
    for (const header of table.querySelectorAll('th')) {
      const button = header.querySelector('button');
      header.querySelector('.static').hidden = true;
      button.hidden = false;
      button.addEventListener('click', () => {
        const column = header.dataset.column;
        sorting = { column, descending: sorting.column === column && !sorting.descending };
        update();
      });
    }
    pager.addEventListener('click', (event) => {
      const button = event.target.closest('button');
      if (!button || button.getAttribute('aria-disabled') === 'true') return;
      page += Number(button.dataset.step);
      draw();
      table.scrollIntoView({ block: 'start' });
    });
    addEventListener('beforeprint', () => { page = 0; size = PRINTED_ROWS; draw(); });
    addEventListener('afterprint', () => { page = 0; size = PAGE_ROWS; draw(); });
    return {
      total: all.length,
      filter(predicate) { wanted = predicate; update(); return shown.length; },
      /** Turns to the page of a finding; false where the table does not hold it now. */
      turnTo(fingerprint) {
        const place = shown.findIndex((finding) => finding.fingerprint === fingerprint);
        if (place < 0) return false;
        page = Math.floor(place / size);
        draw();
        return true;
      },
    };
  }

  for (const note of document.querySelectorAll('.note.static')) note.hidden = true;
  const open = findingsTable('open', data.findings);
  const accepted = findingsTable('accepted', data.waived);
  accepted?.filter(() => true);

  const result = document.getElementById('result');
  const controls = document.getElementById('filters');
  const control = (name) => document.getElementById('filter-' + name);
  const boxes = controls ? [...controls.querySelectorAll('[name=severity]')] : [];
  let texts;

  /** All that a search looks through, put together at the first search. */
  function searchable() {
    texts ??= new Map(data.findings.map((finding) => {
      const credential = credentialOf(finding);
      return [finding, [finding.message, finding.fingerprint, data.rules[finding.rule].id, data.rules[finding.rule].title,
        ownerLabel(finding), ...(credential?.facts ?? [])].join('\n').toLowerCase()];
    }));
    return texts;
  }

  function applyFilters() {
    if (!open) return;
    const words = control('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    const levels = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const [rule, kind, status] = ['rule', 'kind', 'status'].map((name) => control(name).value);
    const owner = control('owner').value.trim().toLowerCase();
    const exactly = owner === data.onAWaiver || data.owners.some(({ label }) => label.toLowerCase() === owner);
    const haystack = words.length > 0 ? searchable() : undefined;
    const count = open.filter((finding) => {
      if (levels.size > 0 && !levels.has(finding.level)) return false;
      if (rule && data.rules[finding.rule].id !== rule) return false;
      if (kind && credentialOf(finding)?.kind !== kind) return false;
      if (status && finding.status !== status && !(status === 'new' && finding.status === 'reopened')) return false;
      if (owner) {
        const label = ownerLabel(finding).toLowerCase();
        if (exactly ? label !== owner : !label.includes(owner)) return false;
      }
      return words.every((word) => haystack.get(finding).includes(word));
    });
    result.textContent = number.format(count) + ' of ' + number.format(open.total) + (open.total === 1 ? ' finding' : ' findings');
  }

  function resetFilters() {
    for (const box of boxes) box.checked = false;
    for (const name of ['search', 'rule', 'kind', 'owner', 'status']) control(name).value = '';
  }

  if (open) {
    controls.hidden = false;
    controls.addEventListener('input', applyFilters);
    // So that the first letter typed does not have to wait for it.
    globalThis.requestIdleCallback?.(searchable);
    control('reset').addEventListener('click', () => { resetFilters(); applyFilters(); });
    applyFilters();
    document.addEventListener('click', (event) => {
      const link = event.target.closest('a[data-filter]');
      if (!link) return;
      resetFilters();
      const { filter, value } = link.dataset;
      // Counts by status leave out what could not be told, so the rows behind them do too.
      for (const box of boxes) box.checked = filter === 'severity' ? box.value === value : filter === 'status' && box.value !== 'unknown';
      if (filter !== 'severity') control(filter).value = value;
      applyFilters();
    });
  }

  /** Shows the finding that the address names, whatever was filtered away. */
  function showLinked() {
    const fingerprint = location.hash.slice(1);
    if (!fingerprint) return;
    if (!open?.turnTo(fingerprint) && !accepted?.turnTo(fingerprint)) {
      if (data.findings.some((finding) => finding.fingerprint === fingerprint)) {
        resetFilters();
        applyFilters();
        open.turnTo(fingerprint);
      } else {
        if (data.gone.includes(fingerprint)) document.getElementById('resolved').focus();
        return;
      }
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
