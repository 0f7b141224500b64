/** Evaluated in a page: how far it is wider than the window, in pixels. */
const OVERFLOW = 'Math.max(0, document.documentElement.scrollWidth - innerWidth)';

/** Fields beside each other that do not begin at the same height. */
const SLIPPED = `[...document.querySelectorAll('.query, .pair')].flatMap((row) => {
  const fields = [...row.querySelectorAll('.field')].map((field) => ({
    place: field.getBoundingClientRect(),
    control: field.querySelector('input, select'),
  }));
  const topOf = ({ control }) => control.getBoundingClientRect().top;
  const areBeside = (one, other) => one.top < other.bottom && other.top < one.bottom;
  return fields
    .filter((one) => fields.some((other) =>
      areBeside(one.place, other.place) && Math.abs(topOf(one) - topOf(other)) > 1))
    .map(({ control }) => control.name);
})`;

/** Ports of addresses of which a part is on the next line. */
const TORN = `(() => {
  const torn = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data } = texts.currentNode;
    for (const port of data.matchAll(/[a-z]:[0-9]{2,5}(?![0-9])/g)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, port.index);
      range.setEnd(texts.currentNode, port.index + port[0].length);
      if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) torn.push(data);
    }
  }
  return torn;
})()`;

/** Evaluated in a page: what looks wrong at this width. */
export const LOOKS = `({ overflow: ${OVERFLOW}, slipped: ${SLIPPED}, torn: ${TORN} })`;
/** What {@link LOOKS} finds on a page that looks right. */
export const LOOKS_RIGHT = { overflow: 0, slipped: [], torn: [] };
