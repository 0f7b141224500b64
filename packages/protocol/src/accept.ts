/**
 * The weight that an `Accept` header gives to each media range, by its name in lower case. A malformed weight counts as
 * 0, and of a repeated range the first weight counts. RFC 9110 §12.5.1, §12.4.2.
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
