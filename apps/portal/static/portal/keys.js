// Single-key shortcuts: "g" then a letter goes somewhere, j/k walk a list, "/" searches it, "?" helps.
// WCAG 2.1.4: a person can switch them off; then <html> has no data-keys.
const ROWS = "main .runs tbody tr, main .list > li, main .needs > li";
let leader = 0;

const typing = (target) => target.closest("input, textarea, select, [contenteditable], [role=combobox]");

document.addEventListener("keydown", (event) => {
  if (!document.documentElement.hasAttribute("data-keys")) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const key = event.key;
  if (Date.now() - leader < 1200) {
    leader = 0;
    const link = [...document.querySelectorAll("[data-go]")].find((one) => one.dataset.go === key);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  const action = actions[key];
  if (action && action() !== false) event.preventDefault();
});

const actions = {
  g: () => {
    leader = Date.now();
  },
  j: () => walk(1),
  k: () => walk(-1),
  "?": () => document.getElementById("shortcuts")?.showModal(),
  "/": () => {
    const search = document.querySelector("[data-list-search]");
    if (search) search.focus();
    else document.querySelector("[data-palette]")?.click();
  },
};

function walk(step) {
  const rows = [...document.querySelectorAll(ROWS)].filter((row) => row.querySelector("a[href]"));
  if (!rows.length) return false;
  const now = rows.findIndex((row) => row.hasAttribute("data-current-row"));
  const next = now < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, now + step));
  rows[now]?.removeAttribute("data-current-row");
  rows[next].setAttribute("data-current-row", "");
  rows[next].querySelector("a[href]").focus();
  rows[next].scrollIntoView({ block: "nearest" });
}
