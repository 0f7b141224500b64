/** The longest a line may be: what biome formats code to, for comments, too. */
export const COLUMNS = 120;

/** Comments, texts and regular expressions of a source, and every other character by itself. */
export const TOKENS =
  /\/\/[^\n]*|\/\*[^]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|(?<=[=(,:[!&|?{};]\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/|[^]/g;

/**
 * The code of a source, line by line: without comments, and without what its texts say (SQL, sentences, names of
 * tests).
 */
export const codeOf = (source: string): string =>
  source.replace(TOKENS, (token) => (token.length > 1 ? token.replace(/[^\n]/g, '') : token));
