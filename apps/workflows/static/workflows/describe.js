// <describe-job> sends the goal without leaving the page, tells how it goes and opens the result.
// Without this file the form is sent as usual and the finished suggestion comes back as a page.
class DescribeJob extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form.goal");
    this.field = this.form.elements.goal;
    this.told = this.querySelector(".progress");
    this.form.addEventListener("submit", (event) => this.send(event));
    for (const example of this.querySelectorAll("[data-example]")) {
      example.addEventListener("click", () => {
        this.field.value = example.dataset.example;
        this.field.focus();
      });
    }
  }

  async send(event) {
    event.preventDefault();
    if (this.hasAttribute("aria-busy")) return;
    this.setAttribute("aria-busy", "true");
    this.told.replaceChildren();
    this.told.hidden = false;
    this.complain("");
    this.tell(this.dataset.started);
    try {
      await this.read(new FormData(this.form));
    } catch (problem) {
      this.complain(problem.text ?? this.dataset.failed);
      this.told.hidden = true;
    }
    this.removeAttribute("aria-busy");
  }

  async read(data) {
    const answer = await fetch(this.form.action, { method: "POST", body: data, headers: { Accept: "application/x-ndjson" } });
    if (answer.redirected) return location.reload();
    if (!answer.ok) {
      const said = await answer.json().catch(() => ({}));
      throw Object.assign(new Error("refused"), { text: said.fields?.goal ?? said.detail });
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let waiting = "";
    let finished = false;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (waiting + value).split("\n");
      waiting = lines.pop();
      for (const line of lines.filter(Boolean)) {
        const part = JSON.parse(line);
        if (part.text) this.tell(part.text);
        if (part.done) {
          finished = true;
          location.assign(part.done);
        }
      }
    }
    if (!finished) throw new Error("cut off");
  }

  tell(text) {
    const line = Object.assign(document.createElement("li"), { textContent: text, dir: "auto" });
    this.told.append(line);
    line.scrollIntoView({ block: "nearest" });
  }

  complain(text) {
    const error = this.querySelector("#goal-error");
    error.hidden = !text;
    error.querySelector("span").textContent = text;
    this.field.toggleAttribute("aria-invalid", Boolean(text));
  }
}

customElements.define("describe-job", DescribeJob);
