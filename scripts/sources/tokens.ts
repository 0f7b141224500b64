/** The longest line: biome formats code to it, and comments are wrapped to it, too. */
export const COLUMNS = 120;

const COMMENT = /\/\/[^\n]*|\/\*[^]*?\*\//;
const TEXT = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/;
const REGULAR_EXPRESSION = /(?<=[=(,:[!&|?{};]\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//;

/** Comments, strings and regular expressions of a source, and every other character by itself. */
export const TOKENS = new RegExp([COMMENT, TEXT, REGULAR_EXPRESSION, /[^]/].map(({ source }) => source).join('|'), 'g');
