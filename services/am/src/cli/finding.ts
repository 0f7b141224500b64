/** The result of one check. */
export interface Finding {
  readonly kind: 'good' | 'careful' | 'wrong';
  /** Whole sentences: what is the case and, if something is wrong, what to do. */
  readonly says: string;
}

export const good = (says: string): Finding => ({ kind: 'good', says });
export const careful = (says: string): Finding => ({ kind: 'careful', says });
export const wrong = (says: string): Finding => ({ kind: 'wrong', says });
