/**
 * The weights that an `Accept` header gives to media ranges, by their names in lower case; a weight that is none counts
 * as 0. What the header says of a range that it repeats is what it says first. RFC 9110 §12.5.1, §12.4.2.
 */
export function acceptedWeights(accept: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const range of accept.split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    if (!weights.has(name)) weights.set(name, WEIGHT.test(given) ? Number(given) : 0);
  }
  return weights;
}

const WEIGHT = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;
