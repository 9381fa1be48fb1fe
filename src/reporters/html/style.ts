/**
 * The page's style. Colours are variables, so that dark, print and the charts all follow one list; severities keep a
 * contrast of 4.5 to 1 as text and 3 to 1 as marks in both schemes.
 */
export const STYLE = `
:root {
  --page: #f4f5f7; --card: #fff; --line: #d9dde3; --faint: #e9ecf0; --text: #171b22; --muted: #545c69; --link: #1a55b8;
  --critical: #97162f; --high: #bf4408; --medium: #8f6000; --low: #2b6cb0; --info: #6b7480; --none: #c3c9d1;
  --on-solid: #fff; --good: #1d6b42; --hover: #f1f4f9; --target: #fff6d6; --control: #838c99;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #171b22; --line: #343b47; --faint: #252b35; --text: #e7eaef; --muted: #a5aebb; --link: #8ab8ff;
    --critical: #ff7088; --high: #ff9c5b; --medium: #e6bd4b; --low: #74b4f5; --info: #a3adba; --none: #4a525f;
    --on-solid: #12151a; --good: #6fd09d; --hover: #1c222c; --target: #3a3316; --control: #7f8998;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { color-scheme: light dark; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
main, footer { max-width: 1280px; margin: 0 auto; padding: 0 28px; }
main { overflow-x: clip; }
h1, h2, h3, p, ul, dl, dd, figure, fieldset { margin: 0; padding: 0; }
h1 { font-size: 30px; line-height: 1.2; font-weight: 680; letter-spacing: -.015em; }
h2 { font-size: 20px; line-height: 1.3; font-weight: 650; letter-spacing: -.01em; margin: 36px 0 12px; scroll-margin: 12px; }
h3 { font-size: 15px; font-weight: 650; }
a { color: var(--link); text-underline-offset: 2px; }
code { font: 13px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
summary { cursor: pointer; }
summary:hover { text-decoration: underline; text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999px; top: 8px; background: var(--card); padding: 8px 14px; z-index: 2; }
.skip:focus { left: 8px; }
.note, .result { color: var(--muted); font-size: 14px; }
section > .note, .result { margin-bottom: 10px; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 14px 18px; }

.top { padding-top: 36px; }
.kicker { font-size: 13px; font-weight: 600; color: var(--muted); letter-spacing: .06em; text-transform: uppercase; }
.meta { color: var(--muted); margin-top: 6px; }
.verdict { font-size: 21px; line-height: 1.4; font-weight: 550; margin-top: 20px; text-wrap: pretty; }
.verdict.clean { color: var(--good); }
.alarm { margin-top: 22px; padding: 16px 20px; border: 2px solid var(--critical); border-left-width: 10px; border-radius: 6px; background: var(--card); }
.alarm h2 { margin: 0 0 4px; color: var(--critical); }
.alarm ul { margin-top: 8px; padding-left: 20px; }

.critical { --mark: var(--critical); } .high { --mark: var(--high); } .medium { --mark: var(--medium); }
.low { --mark: var(--low); } .info { --mark: var(--info); } .none { --mark: var(--none); }
.tiles, .others, .rules, .plain, .credential ul { list-style: none; }
.tiles, .others { display: flex; flex-wrap: wrap; gap: 10px; margin-top: 20px; }
.tile { flex: 1 1 90px; background: var(--card); border: 1px solid var(--line); border-top: 5px solid var(--mark); border-radius: 6px; }
.tile > * { display: block; padding: 6px 14px 9px; color: inherit; text-decoration: none; }
.tile a:hover { background: var(--hover); }
.tile b { display: block; font-size: 28px; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; color: var(--mark); }
.tile.zero { --mark: var(--line); } .tile.zero b { color: var(--muted); font-weight: 400; }
.others { gap: 6px 26px; margin-top: 12px; color: var(--muted); }
.others b { color: var(--text); font-variant-numeric: tabular-nums; }
.others a { color: inherit; }
.severity { font-size: 12.5px; font-weight: 650; line-height: 1; padding: 2px 7px; border-radius: 4px; border: 1px solid var(--mark); color: var(--mark); white-space: nowrap; }
.severity.critical, .severity.high { background: var(--mark); color: var(--on-solid); }
.severity.medium, .severity.info { color: var(--text); }
.chip { font-size: 12.5px; font-weight: 600; border: 1px solid var(--text); border-radius: 9px; padding: 0 7px; white-space: nowrap; }

.credential { display: grid; grid-template: auto 1fr / 260px minmax(0, 1fr); gap: 4px 24px; margin-bottom: 10px; border-left: 5px solid var(--mark); }
.credential header { grid-row: span 2; }
.who { color: var(--muted); font-size: 14px; } .who b { color: var(--text); font-weight: 600; }
.credential li { position: relative; padding: 2px 0 6px 88px; scroll-margin: 40px; }
.credential li .severity { position: absolute; left: 0; top: 4px; }
.credential li:target, .credential li:focus { background: var(--target); outline-offset: 4px; }
.fix { color: var(--muted); font-size: 14px; }
.permalink { color: inherit; text-decoration: none; padding: 0 8px; }
.permalink:hover, .permalink:focus { text-decoration: underline; }
.credential summary { color: var(--link); font-size: 14px; width: fit-content; }
dl { display: grid; grid-template-columns: fit-content(38%) minmax(0, 1fr); gap: 3px 14px; margin: 8px 0; font-size: 14px; }
dt { color: var(--muted); }

.rules { padding: 4px 18px; }
.rules li + li { border-top: 1px solid var(--faint); }
.rule > summary { display: grid; grid-template-columns: 74px minmax(0, 1fr) 180px 44px; gap: 4px 14px; align-items: center; padding: 8px 0; list-style: none; }
.rule > summary::-webkit-details-marker { display: none; }
.rule > summary > .severity { justify-self: start; padding: 5px 7px; }
.rule code { font-weight: 600; color: var(--link); margin-right: 8px; }
.rule > p, .rule > table { margin: 4px 0 12px; }
.rule[open] { padding-bottom: 8px; }
.rest { margin-top: 10px; } .rest > .rules { margin-top: 8px; } .rest > summary { color: var(--link); width: fit-content; }
.bar { display: block; width: 100%; height: 12px; }
.bar rect { fill: var(--mark); }
.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px; align-items: start; }
.charts > :has(a) { grid-row: span 2; }
.charts table { margin-top: 8px; }

/* Fixed, so that no text can push the columns beside it out of sight. */
table { border-collapse: collapse; table-layout: fixed; width: 100%; font-size: 14px; }
table.card { border-collapse: separate; border-spacing: 0; padding: 4px 18px; }
.card table.card { border: 0; padding: 0; }
caption { text-align: left; padding: 6px 0; }
th { text-align: left; font-weight: 600; }
th, td { padding: 7px 14px 7px 0; vertical-align: top; border-bottom: 1px solid var(--faint); }
tr > :last-child { padding-right: 0; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--muted); font-size: 13px; vertical-align: bottom; border-bottom-color: var(--line); overflow-wrap: normal; }
tbody th { font-weight: 500; }
th.number { text-align: right; } thead .number { width: 88px; }
.card thead th:first-child { width: 20%; } .card thead th:last-child:not(.number) { width: 38%; }
th, td, h3, .who { overflow: clip; overflow-clip-margin: 4px; }
.card > .bars thead th:first-child { width: 45%; }
.bars th, .bars td { border: 0; padding: 3px 12px 3px 0; vertical-align: middle; }
.read { font-weight: 600; color: var(--good); } .read.partial, .read.unavailable { color: var(--critical); }
section > h3 { margin: 18px 0 6px; }
.notes { padding-left: 20px; } .top + .notes { margin-top: 12px; } .notes + .charts { margin-top: 20px; }
.plain li { padding: 3px 0; }

.filters { display: flex; flex-wrap: wrap; gap: 12px 14px; align-items: flex-end; margin-bottom: 12px; }
.field { flex: 1 1 150px; min-width: 0; } .field.wide { flex: 2 1 280px; }
.filters label, legend { font-size: 13px; color: var(--muted); padding: 0; }
.field label { display: block; margin-bottom: 3px; }
input[type=search], select { width: 100%; font: inherit; font-size: 14px; color: var(--text); background: var(--page); border: 1px solid var(--control); border-radius: 5px; padding: 6px 9px; height: 36px; }
::placeholder { color: var(--muted); opacity: 1; }
fieldset { border: 0; display: flex; flex-wrap: wrap; gap: 4px 16px; flex: 1 1 auto; min-width: 0; }
.filters .level { display: flex; align-items: center; gap: 6px; color: var(--text); font-size: 14px; padding: 3px 0; }
.level::before { content: ""; width: 4px; height: 15px; border-radius: 2px; background: var(--mark); }
.level input { width: 16px; height: 16px; margin: 0; accent-color: var(--link); }
button { font: inherit; font-size: 14px; color: var(--text); background: var(--card); border: 1px solid var(--control); border-radius: 5px; padding: 5px 13px; min-height: 34px; cursor: pointer; }
button:hover { background: var(--hover); }
button[aria-disabled=true] { color: var(--muted); border-color: var(--line); cursor: default; }
.pager { display: flex; align-items: center; gap: 14px; margin: 14px 0; color: var(--muted); font-size: 14px; font-variant-numeric: tabular-nums; }
footer { margin-top: 44px; padding-bottom: 36px; color: var(--muted); font-size: 13px; }

.card > h2 { font-size: 15px; margin: 0 0 8px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; font-size: 13px; color: var(--muted); }
.legend svg { vertical-align: middle; }
.trend path { fill: none; stroke: var(--mark); stroke-width: 2; }
.trend circle { fill: var(--mark); }
svg text { font-size: 12px; fill: var(--muted); }
svg .grid { stroke: var(--faint); }

@media screen and (max-width: 960px) {
  .credential { grid-template: none / minmax(0, 1fr); } .credential header { grid-row: auto; }
  .who br { display: none; } .who bdi::before, .who b::before { content: " · "; }
}
@media screen and (max-width: 760px) {
  .charts { grid-template-columns: minmax(0, 1fr); }
  main, footer { padding: 0 14px; }
  h1 { font-size: 25px; } .verdict { font-size: 18px; } .top { padding-top: 22px; }
  .tiles { gap: 6px; } .tile { flex-basis: 54px; } .tile > * { padding: 4px 5px 6px; font-size: 12px; text-align: center; } .tile b { font-size: 22px; }
  .card { padding: 12px 14px; }
  .credential li { padding-left: 0; } .credential li .severity { position: static; }
  .rules { padding: 2px 14px; }
  .rule > summary { grid-template-columns: 74px minmax(0, 1fr) 34px; } .rule > summary > span:not(.severity) { grid-column: span 3; order: 3; }
  svg text { font-size: 21px; }
  table.card, table.card > tbody, table.card tr, table.card th, table.card td { display: block; }
  table.card > thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table.card { padding: 2px 14px; }
  table.card tr { padding: 9px 0; border-bottom: 1px solid var(--faint); } table.card tr:last-child { border: 0; }
  table.card tr > * { padding: 1px 0; border: 0; text-align: left; }
  table.card td.number { display: inline-block; margin-right: 14px; }
  table.card td:empty { display: none; }
  table.card td::before { content: attr(data-label) ": "; color: var(--muted); font-size: 13px; }
}
@media (forced-colors: active) { .severity, .tile, .bar rect { forced-color-adjust: none; } }
@media print {
  :root { --page: #fff; }
  @page { margin: 12mm; }
  body { font-size: 9.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main, footer { max-width: none; padding: 0; }
  h1 { font-size: 20pt; } h2 { font-size: 14pt; margin-top: 18pt; } .verdict { font-size: 13pt; margin-top: 8pt; }
  .top { padding-top: 0; } .tiles { margin-top: 8pt; }
  .skip, .filters, .pager, .permalink, .credential details, .note:has(> a[data-filter]) { display: none !important; }
  .credential { grid-template-columns: 32% minmax(0, 1fr); padding: 6pt 9pt; margin-bottom: 5pt; }
  .card, .tile, tr, .rules li { break-inside: avoid; } .rules.card, table.card { break-inside: auto; } h2, h3 { break-after: avoid; }
  table, .who, .fix, .note { font-size: 8.5pt; } code, .severity, .chip { font-size: 8pt; }
  a { color: inherit; text-decoration: none; }
}
`;
