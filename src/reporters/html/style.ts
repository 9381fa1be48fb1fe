/**
 * The page's style. Colours are variables, so that dark, print and the charts all follow one list; severities keep a
 * contrast of 4.5 to 1 as text and 3 to 1 as marks in both schemes.
 */
export const STYLE = `
:root {
  --page: #f4f5f7; --card: #fff; --line: #d9dde3; --faint: #e9ecf0; --text: #171b22; --muted: #545c69; --link: #1a55b8;
  --critical: #97162f; --high: #bf4408; --medium: #a87100; --low: #2b6cb0; --info: #6b7480; --none: #838c99;
  --on-solid: #fff; --good: #1d6b42; --zone: #f1f4f9; --target: #fff6d6;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #171b22; --line: #343b47; --faint: #252b35; --text: #e7eaef; --muted: #a5aebb; --link: #8ab8ff;
    --critical: #ff7088; --high: #ff9c5b; --medium: #e6bd4b; --low: #74b4f5; --info: #a3adba; --none: #7f8998;
    --on-solid: #12151a; --good: #6fd09d; --zone: #1c222c; --target: #3a3316;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { color-scheme: light dark; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
main, footer { max-width: 1360px; margin: 0 auto; padding: 0 28px; }
main { overflow-x: clip; }
h1, h2, h3, p, ul, dl, figure, fieldset { margin: 0; padding: 0; }
h1 { font-size: 30px; line-height: 1.2; font-weight: 680; letter-spacing: -.015em; }
h2 { font-size: 20px; line-height: 1.3; font-weight: 650; letter-spacing: -.01em; margin: 40px 0 12px; }
h3 { font-size: 15px; font-weight: 650; }
section > h3 { margin: 20px 0 6px; }
a { color: var(--link); text-underline-offset: 2px; }
code { font: 12.5px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
small { display: block; font-size: 13px; color: var(--muted); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999px; top: 8px; background: var(--card); padding: 8px 14px; z-index: 2; }
.skip:focus { left: 8px; }
.note { color: var(--muted); font-size: 14px; max-width: 90ch; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }

.top { padding-top: 36px; }
.kicker { font-size: 13px; font-weight: 600; color: var(--muted); letter-spacing: .06em; text-transform: uppercase; }
.meta { color: var(--muted); margin-top: 6px; }
.verdict { font-size: 21px; line-height: 1.4; font-weight: 550; margin-top: 20px; max-width: 60ch; text-wrap: pretty; }
.verdict.clean { color: var(--good); }
.undecided { margin-top: 4px; font-size: 16px; }
.alarm { margin-top: 22px; padding: 16px 20px; border: 2px solid var(--critical); border-left-width: 10px; border-radius: 6px; background: var(--card); }
.alarm h2 { margin: 0 0 4px; color: var(--critical); }
.alarm ul { margin-top: 8px; padding-left: 20px; }

.tiles, .others, .legend { list-style: none; display: flex; flex-wrap: wrap; }
.tiles { gap: 10px; margin-top: 22px; }
.tile { flex: 1 1 130px; background: var(--card); border: 1px solid var(--line); border-top: 5px solid var(--mark); border-radius: 6px; }
.tile > * { display: block; padding: 8px 16px 12px; color: inherit; text-decoration: none; border-radius: 4px; }
.tile a:hover { background: var(--zone); }
.tile b { display: block; font-size: 30px; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; color: var(--mark); }
.tile.zero b { color: var(--muted); font-weight: 400; }
.tile.zero { border-top-color: var(--line); }
.critical { --mark: var(--critical); } .high { --mark: var(--high); } .medium { --mark: var(--medium); }
.low { --mark: var(--low); } .info { --mark: var(--info); } .none { --mark: var(--none); } .unknown { --mark: var(--text); }
.others { gap: 6px 26px; margin-top: 14px; color: var(--muted); }
.others b { color: var(--text); font-variant-numeric: tabular-nums; }
.others a { color: inherit; }

.legend { gap: 4px 18px; margin: 34px 0 10px; font-size: 13px; color: var(--muted); }
.legend li { display: flex; align-items: center; gap: 5px; }
.charts, .charts > div { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; align-items: start; }
.charts > div { grid-template-columns: minmax(0, 1fr); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 16px 18px; }
.drawing { overflow-x: auto; margin-top: 8px; }
svg { display: block; }
.card > .drawing > svg { width: 100%; height: auto; min-width: 520px; }
svg text { font-size: 11.5px; fill: var(--muted); font-family: inherit; }
svg .count { font-size: 19px; font-weight: 650; fill: var(--text); }
svg .axis { stroke: var(--none); fill: none; }
svg .grid { stroke: var(--faint); fill: none; }
svg .diagonal { stroke: var(--none); stroke-dasharray: 2 4; fill: none; }
svg .zone { fill: var(--zone); }
svg path.critical, svg path.high, svg path.medium, svg path.low, rect.mark { fill: var(--mark); }
svg path.mark { fill-opacity: .9; stroke: var(--card); stroke-width: .8; }
svg .all { fill: var(--none); fill-opacity: .45; }
svg path.info, svg path.none { fill: var(--card); stroke: var(--mark); stroke-width: 1.4; }
svg path.info { fill: var(--mark); }
rect.mark.none { fill: var(--none); opacity: .55; }

table { border-collapse: collapse; width: 100%; font-size: 14px; }
caption { text-align: left; padding: 6px 0; }
th { text-align: left; font-weight: 600; }
th, td { padding: 7px 12px 7px 0; vertical-align: top; border-bottom: 1px solid var(--faint); }
th:last-child, td:last-child { padding-right: 0; }
th.number, td.number { text-align: right; }
thead th { overflow-wrap: normal; color: var(--muted); font-size: 13px; vertical-align: bottom; border-bottom-color: var(--line); }
tbody th { font-weight: 500; }
summary { cursor: pointer; }
.numbers { margin-top: 10px; font-size: 14px; overflow-x: auto; }
.numbers summary { color: var(--link); }
.numbers table { margin-top: 8px; }
.bars caption { padding-top: 0; }
.bars tbody th { width: 46%; } .bars th, .bars td { padding-top: 5px; padding-bottom: 5px; line-height: 1.35; }
.bars tbody td { vertical-align: middle; }
.bars svg { width: 100%; min-width: 60px; height: 14px; }
.bars rect { stroke: var(--card); stroke-width: 1; vector-effect: non-scaling-stroke; }
.read { font-weight: 600; color: var(--good); } .read.partial, .read.unavailable { color: var(--critical); }
.coverage .drawing { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 4px 18px; }
.notes { padding-left: 20px; }

.filters { display: flex; flex-wrap: wrap; gap: 12px 14px; align-items: flex-end; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 14px 18px; }
.field { flex: 1 1 150px; min-width: 0; } .field.wide { flex: 2 1 280px; }
.filters label, legend { font-size: 13px; color: var(--muted); padding: 0; }
.field label { display: block; margin-bottom: 3px; }
input[type=search], input[type=text], select { width: 100%; font: inherit; font-size: 14px; color: var(--text); background: var(--page); border: 1px solid var(--none); border-radius: 5px; padding: 6px 9px; height: 36px; }
::placeholder { color: var(--muted); opacity: 1; }
fieldset { border: 0; display: flex; flex-wrap: wrap; gap: 6px 16px; flex: 1 1 auto; min-width: 0; }
.filters .level { display: flex; align-items: center; gap: 6px; color: var(--text); font-size: 14px; padding: 3px 0; }
.level::before { content: ""; width: 4px; height: 15px; border-radius: 2px; background: var(--mark); }
.level input { width: 16px; height: 16px; margin: 0; accent-color: var(--link); }
.tally { color: var(--muted); font-variant-numeric: tabular-nums; }
button { font: inherit; font-size: 14px; color: var(--text); background: var(--card); border: 1px solid var(--none); border-radius: 5px; padding: 5px 13px; min-height: 34px; cursor: pointer; }
button:hover { background: var(--zone); }
button[aria-disabled=true] { color: var(--muted); border-color: var(--line); cursor: default; }
.result { margin: 14px 0 6px; color: var(--muted); font-size: 14px; min-height: 21px; }

.findings { background: var(--card); border: 1px solid var(--line); border-radius: 6px; border-collapse: separate; border-spacing: 0; table-layout: fixed; }
.findings th, .findings td { padding: 10px 14px 10px 0; }
.findings th:first-child, .findings td:first-child { padding-left: 18px; width: 150px; }
.findings thead th { position: sticky; top: 0; background: var(--card); padding-top: 6px; padding-bottom: 6px; z-index: 1; }
.findings [data-column=name] { width: 18%; }
.findings [data-column=owner] { width: 17%; } .findings [data-column=used], .findings [data-column=ends] { width: 112px; }
.findings thead button { border: 0; background: none; padding: 0; font-size: 13px; font-weight: 600; color: var(--muted); min-height: 28px; }
.findings thead button:hover { color: var(--text); text-decoration: underline; }
[aria-sort] button::after { content: " ▲"; font-size: 9px; } [aria-sort=descending] button::after { content: " ▼"; }
.findings tbody tr:last-child td { border-bottom: 0; }
.findings td { overflow: clip; overflow-clip-margin: 5px; min-width: 0; }
.findings .name { font-weight: 600; }
.severity { display: inline-block; font-size: 12.5px; font-weight: 650; line-height: 1; padding: 5px 8px; border-radius: 4px; border: 1px solid var(--mark); color: var(--mark); white-space: nowrap; }
.severity.critical, .severity.high { background: var(--mark); color: var(--on-solid); }
.severity.medium, .severity.info { color: var(--text); }
.severity.unknown { border-style: dashed; }
.chip { display: table; font-size: 12.5px; color: var(--muted); border: 1px solid var(--line); border-radius: 9px; padding: 0 8px; margin-top: 5px; }
.chip.new, .chip.reopened { color: var(--text); border-color: var(--text); font-weight: 600; } .chip.known { border: 0; padding: 0; }
.rule { display: block; color: var(--muted); margin-bottom: 2px; }
.finding summary { padding: 0 2px; }
.finding summary:hover { text-decoration: underline; text-underline-offset: 2px; }
.finding details[open] summary { font-weight: 600; }
.more { margin: 8px 0 4px; padding: 2px 0 2px 14px; border-left: 3px solid var(--line); }
.more p, .more ul { margin: 7px 0; max-width: 75ch; } .more ul { padding-left: 18px; font-size: 13px; }
.more dl { display: grid; grid-template-columns: fit-content(38%) minmax(0, 1fr); gap: 3px 14px; margin: 10px 0; font-size: 13.5px; }
.more dt { color: var(--muted); } .more dd { margin: 0; }
.fingerprint { color: var(--muted); display: block; font-size: 11px; }
.waiver { margin-top: 5px; font-size: 13.5px; color: var(--muted); border-left: 3px solid var(--line); padding-left: 9px; }
tr.target { background: var(--target); }
.pager { display: flex; align-items: center; gap: 14px; margin: 14px 0; color: var(--muted); font-size: 14px; font-variant-numeric: tabular-nums; }
footer { margin-top: 44px; padding-bottom: 36px; color: var(--muted); font-size: 13px; }

.wide { min-width: 860px; } .wide th, .wide td { overflow-wrap: break-word; }
.trend path { fill: none; stroke: var(--mark); stroke-width: 2; }
.trend circle { fill: var(--mark); }
svg .trend text { fill: var(--text); }

@media (max-width: 1020px) { .charts { grid-template-columns: minmax(0, 1fr); } }
@media screen and (max-width: 860px) {
  main, footer { padding: 0 16px; }
  h1 { font-size: 25px; } .verdict { font-size: 18px; }
  .tile { flex-basis: 92px; } .tile > * { padding: 6px 11px 9px; } .tile b { font-size: 24px; }
  .card { padding: 14px; }
  .findings, .findings tbody, .findings thead { display: block; }
  .findings thead tr { display: flex; flex-wrap: wrap; gap: 0 16px; padding: 6px 14px; border-bottom: 1px solid var(--line); }
  .findings thead [data-column], .findings thead th:first-child { width: auto; padding: 0; border: 0; position: static; }
  .findings tbody tr { display: grid; grid-template-columns: 1fr 1fr; gap: 6px 14px; padding: 14px; border-bottom: 1px solid var(--line); }
  .findings tbody td, .findings tbody td:first-child { padding: 0; border: 0; width: auto; }
  .findings td.finding { grid-column: 1 / -1; }
  .when::before { content: attr(data-label) " "; color: var(--muted); font-size: 13px; } .when:has(> [data-slot]:first-child[hidden])::before { content: none; }
  .bars tbody small { display: none; } .bars th.number { white-space: normal; }
  .chip { display: inline-block; }
  .more { padding-left: 10px; } .more dl { grid-template-columns: minmax(0, 1fr); gap: 0; } .more dd { margin-bottom: 5px; }
}
@media (prefers-reduced-motion: no-preference) { tr.target { animation: found 1.2s ease-out; } @keyframes found { from { background: var(--medium); } } }
@media (forced-colors: active) { .severity, .tile, rect.mark, path.mark { forced-color-adjust: none; } }
@media print {
  :root { --page: #fff; }
  @page { size: landscape; margin: 12mm; }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main, footer { max-width: none; padding: 0; }
  h1 { font-size: 20pt; } h2 { font-size: 14pt; margin-top: 20pt; } .verdict { font-size: 14pt; margin-top: 8pt; }
  .top { padding-top: 0; } .tiles, .legend { margin-top: 10pt; }
  .skip, .filters, .pager button, .numbers, .findings thead button { display: none !important; }
  .findings thead .static { display: inline !important; }
  .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .card > .drawing > svg { min-width: 0; }
  .card:not(.bars), .tile, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .findings thead th { position: static; } .findings, table { font-size: 8.5pt; }
  .findings th:first-child, .findings td:first-child { width: 11%; padding-left: 6pt; } 
  .findings [data-column=name] { width: 17%; } .findings [data-column=owner] { width: 17%; }
  .findings [data-column=used], .findings [data-column=ends] { width: 8.5%; } .findings th, .findings td { padding: 4pt 8pt 4pt 0; }
  .finding summary { display: block; }
  code { font-size: 8pt; } small, .chip, .severity { font-size: 7.5pt; } .waiver, .note { font-size: 8.5pt; }
  a { color: inherit; text-decoration: none; }
}
`;
