export function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** `body` is HTML already. */
export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)}</title><body style="max-width:40rem;margin:2rem auto;padding:0 1rem;font-family:sans-serif">
<h1>${escape(title)}</h1>${body}</body></html>`;
}
