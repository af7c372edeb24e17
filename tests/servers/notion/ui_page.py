"""The shell of the page for people: no build, light and dark, cards instead of tables on a phone."""

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="6" fill="#1a63c7"/>'
    '<path d="m6.5 12.5 3.5 3.5 7.5-8" fill="none" stroke="#fff" stroke-width="2.6"/></svg>'
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Notion sandbox</title>
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
<style>
:root { color-scheme: light dark; --line: light-dark(#e3e2df, #3a3a3a); --soft: light-dark(#f6f5f3, #242424);
  --ink: light-dark(#2b2a27, #e6e4e0); --paper: light-dark(#fff, #191919); --accent: light-dark(#1a63c7, #7db1ff); }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
header { padding: 14px 20px; border-bottom: 1px solid var(--line); display: flex; gap: 10px; align-items: baseline; flex-wrap: wrap; }
header b { font-size: 17px; } header span { opacity: .7; }
main { padding: 16px 20px 60px; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
nav { display: flex; gap: 6px; overflow-x: auto; padding-bottom: 10px; }
nav a { white-space: nowrap; padding: 6px 12px; border: 1px solid var(--line); border-radius: 999px; color: inherit; }
nav a[aria-current] { background: var(--soft); border-color: var(--accent); }
table { border-collapse: collapse; width: 100%; margin-top: 12px; display: block; overflow-x: auto; }
th, td { text-align: start; padding: 8px 10px; border-bottom: 1px solid var(--line); vertical-align: top; min-width: 90px; max-width: 360px; }
th { font-weight: 600; opacity: .7; white-space: nowrap; } td.rich_text { white-space: pre-wrap; min-width: 200px; }
td.number { font-variant-numeric: tabular-nums; } td.title { font-weight: 600; min-width: 160px; }
.pill { padding: 2px 9px; border-radius: 999px; background: var(--soft); border: 1px solid var(--line); white-space: nowrap; }
button { font: inherit; min-height: 40px; padding: 0 16px; border-radius: 8px; border: 1px solid var(--line); background: var(--soft);
  color: inherit; cursor: pointer; }
button:focus-visible, a:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.tick { border: 0; background: none; font-size: 24px; padding: 0 8px; min-width: 44px; min-height: 44px; }
.tick[aria-pressed=true] { color: var(--accent); } .quiet { margin-top: 24px; }
.fields { display: grid; gap: 12px; max-width: 640px; padding: 12px 0; } label span { display: block; opacity: .7; }
input:not([type=checkbox]), select, textarea { font: inherit; width: 100%; padding: 8px 10px; border: 1px solid var(--line);
  border-radius: 8px; background: var(--paper); color: inherit; }
input[type=checkbox] { width: 22px; height: 22px; }
.access { display: flex; flex-wrap: wrap; gap: 10px 16px; align-items: end; padding: 12px 20px; background: var(--soft);
  border-bottom: 1px solid var(--line); } .access nav { flex-basis: 100%; padding: 0; } .access nav a { background: var(--paper); }
.access form { display: flex; gap: 8px; align-items: end; } .access input { max-width: 100%; min-height: 40px; }
.access label { min-width: 0; } .access input[readonly] { font: 13px/1.5 ui-monospace, monospace; }
.error { padding: 12px; border: 1px solid #c33; border-radius: 8px; } .empty { opacity: .7; padding: 20px 0; }
@media (max-width: 640px) {
  main { padding: 12px; } .access { padding: 12px; } .access label { flex: 1 1 100%; } .access form { flex: 1; } .access form label { flex: 1; } thead { display: none; } table, tbody, tr, td { display: block; width: 100%; max-width: none; }
  tr { border: 1px solid var(--line); border-radius: 12px; margin-bottom: 12px; padding: 6px 0; }
  td { border: 0; padding: 4px 12px; } td:empty { display: none; }
  td[data-label]::before { content: attr(data-label); display: block; font-size: 12px; opacity: .6; }
}
</style>
</head>
<body>
<header><b>Notion sandbox</b><span>Tick a row's box; the answer, score and cost appear here.</span></header>
{{body}}
<script>
const live = document.getElementById("live");
let last = live && live.innerHTML;
const busy = () => live.contains(document.activeElement) && document.activeElement.closest(".fields")
  || live.querySelector("details[open]");
if ("{{live}}") setInterval(async () => {
  if (document.hidden || busy()) return;
  const answer = await fetch("/fragment" + location.search).catch(() => null);
  const html = answer && answer.ok && await answer.text();
  if (html && html !== last && !busy()) { const x = live.querySelector("table")?.scrollLeft; live.innerHTML = last = html;
    if (x) live.querySelector("table").scrollLeft = x; }
}, 2000);
</script>
</body>
</html>
"""
