/** Where time comes from: seconds since the epoch, with fractions. Injected, so that tests can move it. */
export interface Clock {
  now(): number;
}
