"""The style of the report on a screen, on a phone, in the dark and on paper."""

LIGHT = (
    "--paper: #f6f7f9; --card: #fff; --ink: #1d2330; --soft: #5d6778; --line: #e3e7ed; --accent: #2f6db5;"
    " --tint: #e8f0fa; --warn: #a34a06; --bar: #6c9fd6; --mark: #d9762b;"
)
DARK = (
    "--paper: #0e1116; --card: #171b22; --ink: #e4e8ef; --soft: #98a3b3; --line: #29303b; --accent: #7db2ee;"
    " --tint: #1c2a3c; --warn: #f0a35e; --bar: #4a7db8; --mark: #f0a35e;"
)
CHART_STYLE = """
.chart text { font: 12px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--soft); }
.chart .title { font-size: 13px; font-weight: 650; fill: var(--ink); }
.chart .axis-title, .chart .strong { fill: var(--ink); }
.chart .middle { text-anchor: middle; } .chart .end { text-anchor: end; }
.chart .bar { fill: var(--bar); } .chart .bar.minus { fill: var(--mark); } .chart .cell { fill: #2f6db5; }
.chart .pale { fill: var(--bar); fill-opacity: .35; } .chart .on-cell { fill: #fff; }
.chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.chart .axis { stroke: var(--soft); } .chart .grid { stroke: var(--line); }
.chart .reference { stroke: var(--soft); stroke-dasharray: 4 3; } .chart .mark { stroke: var(--mark); stroke-width: 2; }
"""
STYLE = (
    f"""
:root {{ {LIGHT} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}
{CHART_STYLE}"""
    + """
* { box-sizing: border-box; }
html { scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header, main, nav { padding: 0 max(1rem, calc(50vw - 42rem)); }
header { padding-top: 2rem; padding-bottom: 1.25rem; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: break-word; }
h2 { font-size: 1.2rem; margin: 0 0 .8rem; }
h3 { font-size: .95rem; margin: 1.4rem 0 .5rem; color: var(--soft); font-weight: 600; }
p { margin: .3rem 0 .8rem; max-width: 75ch; overflow-wrap: break-word; }
.soft { color: var(--soft); } .warn { color: var(--warn); }
nav { position: sticky; top: 0; z-index: 1; display: flex; gap: 1.25rem; overflow-x: auto; background: var(--paper);
  border-bottom: 1px solid var(--line); padding-top: .6rem; padding-bottom: .6rem; }
nav a { color: var(--soft); text-decoration: none; white-space: nowrap; font-size: .9rem; }
nav a:hover { color: var(--accent); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.3rem 1.5rem;
  margin: 1.1rem 0; }
.facts { display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; margin: .6rem 0 0; font-size: .88rem; }
.facts div { display: flex; gap: .4rem; min-width: 0; } .facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .7rem; margin-top: 1rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .6rem .8rem; }
.tile b { display: block; font-size: 1.25rem; font-weight: 650; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; }
.tiles + p { margin-top: .9rem; }
.tile span { display: block; color: var(--soft); font-size: .82rem; }
.tile.first { background: var(--tint); border-color: transparent; }
.chip { display: inline-block; background: var(--tint); color: var(--accent); border-radius: 99px; padding: 0 .6em;
  font-size: .78rem; line-height: 1.65; white-space: nowrap; }
.chip.note { background: none; border: 1px solid var(--line); color: var(--warn); margin-left: .5em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; min-width: min(100%, 26rem); font-size: .88rem; }
th { text-align: left; color: var(--soft); font-weight: 600; font-size: .78rem; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: bottom; }
td { padding: .38rem .9rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
tr:last-child td { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.name { font-weight: 600; }
td:first-child, td .name { white-space: nowrap; }
.choice { display: inline-block; min-width: 4.5rem; }
.long { display: inline-block; min-width: 14rem; max-width: 34rem; overflow-wrap: break-word; }
details { margin-top: .7rem; }
summary { cursor: pointer; color: var(--accent); font-size: .9rem; padding: .25rem 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18.5rem, 100%), 1fr)); gap: 1.2rem;
  margin: .8rem 0; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 1rem;
  margin: .8rem 0; }
figure { margin: 0; max-width: 32rem; min-width: 0; overflow-x: auto; }
.chart { display: block; width: 100%; height: auto; }
figure.large { grid-column: 1 / -1; max-width: none; } figure.large .chart { min-width: 38rem; max-width: 60rem; }
svg.spark { display: block; width: 130px; height: 30px; fill: var(--bar); }
.meter { display: inline-block; width: 46px; height: 6px; border-radius: 3px; background: var(--line);
  margin-left: .5rem; vertical-align: middle; overflow: hidden; }
.meter i { display: block; height: 100%; background: var(--warn); }
.missing { white-space: nowrap; }
.levels { min-width: 12rem; max-width: 20rem; font-size: .82rem; color: var(--soft); overflow-wrap: break-word; }
@media (max-width: 640px) { section { padding: 1rem .9rem; } h1 { font-size: 1.4rem; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); } .tile b { font-size: 1.15rem; }
  th, th.n, td:first-child, td .name { white-space: normal; } th, td { padding-right: .6rem; }
  .long { min-width: 9rem; } }
@page { size: A4; margin: 12mm; }
@media print { nav, details { display: none; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  html { font-size: 11px; } body { background: none; font-size: 10px; line-height: 1.35; }
  header, main { padding: 0; } section { border: 0; padding: 0; margin: .8rem 0; background: none; }
  h1 { font-size: 18px; } h2 { font-size: 14px; margin-bottom: .3rem; } h2, h3 { break-after: avoid; }
  h3 { margin: .8rem 0 .2rem; font-size: 11px; } p { margin: .2rem 0 .4rem; max-width: none; }
  .scroll, figure { overflow: visible; } figure.large .chart { min-width: 0; max-width: 100%; }
  .figures { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .8rem; }
  .panels { grid-template-columns: repeat(5, minmax(0, 1fr)); gap: .5rem; }
  .tiles { grid-template-columns: repeat(6, minmax(0, 1fr)); gap: .4rem; } .tile { padding: .3rem .5rem; }
  table { font-size: 9.5px; } th { font-size: 9px; padding-right: .7rem; white-space: normal; }
  td { padding: .15rem .7rem .15rem 0; } td:first-child, td .name { white-space: normal; }
  .long, .levels { min-width: 0; } .levels { font-size: 8.5px; }
  td, .long, .name, .levels { overflow-wrap: anywhere; } .chip, .n { overflow-wrap: normal; }
  .chip { font-size: inherit; } svg.spark { width: 80px; height: 18px; } .meter { display: none; }
  tr, figure, .tile { break-inside: avoid; } }
"""
)
