/** The report's style sheet: follows the reader's choice of light or dark, needs nothing from elsewhere. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #fdfdfc; --card: #ffffff; --ink: #1d232b; --faint: #667080; --line: #dfe3e8; --best: #e3f2e6;
  --c0: #1769aa; --c1: #c2410c; --c2: #2e7d32; --c3: #7b1fa2; --c4: #b8860b;
  --c5: #00838f; --c6: #c2185b; --c7: #5d4037; --c8: #4655d6; --c9: #607d00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171c; --card: #1b1f26; --ink: #e4e8ee; --faint: #98a3b3; --line: #323944; --best: #1e3a2a;
    --c0: #64b5f6; --c1: #ff9e66; --c2: #81c784; --c3: #ce93d8; --c4: #e6c34a;
    --c5: #4dd0e1; --c6: #f48fb1; --c7: #c9a994; --c8: #9fa8ff; --c9: #c5d86d;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1.5rem 4rem; max-width: 82rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .2rem 0 .4rem; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p, ul { margin: .4rem 0; } .faint { color: var(--faint); font-size: .87rem; }
a { color: var(--c0); } nav { margin: .8rem 0; line-height: 1.9; } nav a { margin-right: .9rem; white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; margin: .5rem 0; }
th, td { padding: .26rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--faint); font-weight: 600; vertical-align: bottom; white-space: normal; max-width: 8.5rem; } th:first-child, td:first-child { text-align: left; }
td.note { color: var(--faint); text-align: left; white-space: normal; min-width: 10rem; }
td.best { font-weight: 700; background: var(--best); } td small { color: var(--faint); font-weight: 400; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; margin: .8rem 0; }
svg.plot { width: min(460px, 100%); height: auto; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
.strip { display: flex; flex-wrap: wrap; gap: .7rem .6rem; margin: .6rem 0 1.2rem; }
.strip figure { margin: 0; width: 144px; } .strip img { width: 144px; display: block; border-radius: 3px; }
.strip img.small { image-rendering: pixelated; } .strip .box { height: var(--tall, 144px); display: flex; align-items: center; }
figcaption { font-size: .8rem; line-height: 1.3; margin-top: .2rem; overflow-wrap: anywhere; }
figcaption small { color: var(--faint); display: block; }
details { margin: .5rem 0; } summary { cursor: pointer; } code, pre { font-size: .82rem; }
pre { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; }
`;
