// Improvements of the task pages; everything they do can also be done without them.

// <copy-answer for="id"> copies the text of another element and says so.
class CopyAnswer extends HTMLElement {
  connectedCallback() {
    if (!navigator.clipboard) return;
    this.hidden = false;
    const button = this.querySelector("button");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(this.getAttribute("for")).innerText);
      const before = button.innerHTML;
      button.textContent = this.getAttribute("done");
      setTimeout(() => (button.innerHTML = before), 1500);
    });
  }
}

// <inbox-keys>: j and k walk, a approves, e edits, r rejects. Never while typing, and not at all when switched off.
class InboxKeys extends HTMLElement {
  connectedCallback() {
    this.listener = (event) => this.press(event);
    document.addEventListener("keydown", this.listener);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.listener);
  }

  get items() {
    return [...this.querySelectorAll(".inbox-item")];
  }

  press(event) {
    if (this.hasAttribute("off") || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") return this.walk(event, key === "j" ? 1 : -1);
    if (!"aer".includes(key) || key.length !== 1) return;
    const item = document.activeElement?.closest(".inbox-item");
    const target = item?.querySelector(`[data-key="${key}"]`);
    if (!target) return;
    event.preventDefault();
    if (target.matches("button")) return target.click();
    target.open = true;
    target.querySelector("textarea, input:not([type=hidden])")?.focus();
  }

  walk(event, step) {
    const items = this.items;
    if (!items.length) return;
    event.preventDefault();
    const at = items.indexOf(document.activeElement?.closest(".inbox-item"));
    items[Math.max(0, Math.min(items.length - 1, at + step))].focus();
  }
}

customElements.define("copy-answer", CopyAnswer);
customElements.define("inbox-keys", InboxKeys);
