// Custom elements that improve what already works: <copy-text>, <toast-note>, <secret-field>, <file-drop>, <tag-list>.
class CopyText extends HTMLElement {
  connectedCallback() {
    this.querySelector("button")?.addEventListener("click", () => this.copy());
  }

  async copy() {
    const text = this.querySelector("bdi").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(this.querySelector("bdi"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      return;
    }
    this.dataset.done = "";
    say(this.dataset.doneLabel);
    setTimeout(() => delete this.dataset.done, 2000);
  }
}

/** Say something once in the live region of messages. */
export function say(text) {
  const region = document.querySelector(".toasts");
  if (!region || !text) return;
  const note = document.createElement("p");
  note.className = "vh";
  note.textContent = text;
  region.append(note);
  setTimeout(() => note.remove(), 4000);
}

// A toast leaves after eight seconds, stays while pointed at or focused, and stays for good when something can be undone.
class ToastNote extends HTMLElement {
  connectedCallback() {
    this.querySelector("[data-dismiss]")?.addEventListener("click", () => this.remove());
    if (this.hasAttribute("data-stay")) return;
    const start = () => {
      this.timer = setTimeout(() => this.remove(), 8000);
    };
    this.addEventListener("pointerenter", () => clearTimeout(this.timer));
    this.addEventListener("focusin", () => clearTimeout(this.timer));
    this.addEventListener("pointerleave", start);
    this.addEventListener("focusout", start);
    start();
  }
}

class SecretField extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input");
    if (!input || this.querySelector("button")) return;
    const button = document.createElement("button");
    button.type = "button";
    const draw = () => {
      const hidden = input.type === "password";
      button.setAttribute("aria-label", hidden ? this.dataset.show : this.dataset.hide);
      button.replaceChildren(sign(hidden ? "eye" : "eye-off"));
    };
    button.addEventListener("click", () => {
      input.type = input.type === "password" ? "text" : "password";
      draw();
    });
    draw();
    this.append(button);
  }
}

function sign(name) {
  const known = document.querySelector("svg.icon use")?.getAttribute("href") ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${known.split("#")[0]}#${name}`);
  svg.append(use);
  return svg;
}

class FileDrop extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input[type=file]");
    if (!input) return;
    for (const kind of ["dragenter", "dragover"]) {
      this.addEventListener(kind, (event) => {
        event.preventDefault();
        this.classList.add("over");
      });
    }
    for (const kind of ["dragleave", "drop"]) this.addEventListener(kind, () => this.classList.remove("over"));
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
}

// Words separated by commas become chips; the field itself still carries them as text, so the server reads the same.
class TagList extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input");
    if (!this.field || this.typing) return;
    this.typing = this.field.cloneNode();
    this.typing.removeAttribute("name");
    this.typing.removeAttribute("required");
    this.typing.value = "";
    this.field.removeAttribute("id");
    this.field.type = "hidden";
    this.append(this.typing);
    this.typing.addEventListener("keydown", (event) => {
      if ((event.key === "Enter" || event.key === ",") && this.typing.value.trim()) {
        event.preventDefault();
        this.keep([...this.words, this.typing.value.trim()]);
      } else if (event.key === "Backspace" && !this.typing.value) this.keep(this.words.slice(0, -1));
    });
    this.typing.addEventListener("blur", () => this.typing.value.trim() && this.keep([...this.words, this.typing.value.trim()]));
    this.keep(this.words);
  }

  get words() {
    return this.field.value.split(",").map((word) => word.trim()).filter(Boolean);
  }

  keep(words) {
    this.field.value = [...new Set(words)].join(", ");
    this.typing.value = "";
    for (const chip of this.querySelectorAll(".chip")) chip.remove();
    for (const word of this.words) {
      const chip = document.createElement("span");
      chip.className = "chip";
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", `${this.dataset.remove} ${word}`);
      button.append(sign("x"));
      button.addEventListener("click", () => {
        this.keep(this.words.filter((other) => other !== word));
        this.typing.focus();
      });
      const name = document.createElement("bdi");
      name.textContent = word;
      chip.append(name, button);
      this.typing.before(chip);
    }
  }
}

customElements.define("copy-text", CopyText);
customElements.define("toast-note", ToastNote);
customElements.define("secret-field", SecretField);
customElements.define("file-drop", FileDrop);
customElements.define("tag-list", TagList);
