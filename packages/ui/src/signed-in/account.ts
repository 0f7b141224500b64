/** A person's account at this service. */
export interface Account {
  /** `acc_…`, random and never reused. */
  id: string;
  /** In lower case. */
  username: string;
}
