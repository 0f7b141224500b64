/** The longest a line may be: what biome formats code to, for comments, too. */
export const COLUMNS = 120;

const COMMENT = /\/\/[^\n]*|\/\*[^]*?\*\//;
const TEXT = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/;
const REGULAR_EXPRESSION = /(?<=[=(,:[!&|?{};]\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//;

/** Comments, texts and regular expressions of a source, and every other character by itself. */
export const TOKENS = new RegExp([COMMENT, TEXT, REGULAR_EXPRESSION, /[^]/].map(({ source }) => source).join('|'), 'g');
