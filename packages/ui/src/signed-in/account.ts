/** Somebody with an account at this service. */
export interface Account {
  /** `acc_…`, random, never reused. */
  id: string;
  /** Lower case. */
  username: string;
}
