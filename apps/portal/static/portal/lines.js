// What a form is answered, line by line as JSON, while it is written. Throws an Error whose `text` is for the person, where there is one.
export async function* answeredLines(url, data, signal) {
  const answer = await fetch(url, { method: "POST", body: data, headers: { Accept: "application/x-ndjson" }, signal });
  if (answer.redirected) return location.reload();
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw Object.assign(new Error("refused"), { text: said.fields?.question ?? said.detail });
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (waiting + value).split("\n");
    waiting = lines.pop();
    for (const line of lines) if (line) yield JSON.parse(line);
  }
}
