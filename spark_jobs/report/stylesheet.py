"""How the report looks, by day and by night."""

STYLE = """
:root { --paper: #f6f7f9; --card: #fff; --ink: #1d2330; --soft: #5d6778; --line: #e3e7ed; --accent: #2f6db5;
  --tint: #e8f0fa; --warn: #b4540a; --bar: #8fb3dc; }
@media (prefers-color-scheme: dark) { :root { --paper: #0e1116; --card: #171b22; --ink: #e4e8ef; --soft: #98a3b3;
  --line: #29303b; --accent: #7db2ee; --tint: #1c2a3c; --warn: #f0a35e; --bar: #4a7db8; }
  figure img { filter: invert(.9) hue-rotate(180deg); } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 3.5rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto,
  "Helvetica Neue",
  Arial, sans-serif; }
header, main, nav { padding: 0 max(1.25rem, calc(50vw - 36rem)); }
header { padding-top: 2.25rem; padding-bottom: 1.25rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 0 0 .8rem; letter-spacing: -.005em; }
h3 { font-size: .95rem; margin: 1.4rem 0 .5rem; color: var(--soft); font-weight: 600; }
p { margin: .3rem 0 .8rem; max-width: 75ch; }
.soft { color: var(--soft); } .warn { color: var(--warn); }
nav { position: sticky; top: 0; z-index: 1; display: flex; gap: 1.25rem; overflow-x: auto; background: var(--paper);
  border-bottom: 1px solid var(--line); padding-top: .6rem; padding-bottom: .6rem; }
nav a { color: var(--soft); text-decoration: none; white-space: nowrap; font-size: .9rem; } nav a:hover { color:
  var(--accent); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.3rem 1.5rem;
  margin: 1.1rem 0; }
.tiles { display: flex; flex-wrap: wrap; gap: .7rem; margin-top: 1.1rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .65rem 1rem;
  min-width: 7.5rem; }
.tile b { display: block; font-size: 1.35rem; font-weight: 650; font-variant-numeric: tabular-nums;
  letter-spacing: -.01em; }
.tile span { color: var(--soft); font-size: .82rem; }
.tile.first { background: var(--tint); border-color: transparent; }
.chip { display: inline-block; background: var(--tint); color: var(--accent); border-radius: 99px; padding: 0 .6em;
  font-size: .78rem; line-height: 1.65; white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th { text-align: left; color: var(--soft); font-weight: 600; font-size: .78rem; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
td { padding: .38rem .9rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: middle;
  overflow-wrap: anywhere; }
tr:last-child td { border-bottom: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.n { overflow-wrap: normal; }
.name { font-weight: 600; min-width: 9rem; max-width: 22rem; display: inline-block; }
details { margin-top: .7rem; } summary { cursor: pointer; color: var(--accent); font-size: .9rem; padding:
  .25rem 0; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1.2rem;
  margin-top: .8rem; }
figure { margin: 0; max-width: 46rem; } figure.wide { grid-column: 1 / -1; max-width: none; }
figure img { width: 100%; height: auto; display: block; border-radius: 8px; }
figcaption { color: var(--soft); font-size: .82rem; margin-top: .3rem; }
svg.spark { display: block; width: 130px; height: 30px; fill: var(--bar); }
.meter { display: inline-block; width: 46px; height: 6px; border-radius: 3px; background: var(--line);
  margin-left: .5rem;
  vertical-align: middle; overflow: hidden; } .meter i { display: block; height: 100%; background: var(--warn); }
.levels { max-width: 24rem; font-size: .82rem; color: var(--soft); }
.heat td { text-align: center; }
@media print { nav { display: none; } section { break-inside: avoid; } }
"""
