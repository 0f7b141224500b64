/** What it took until something of every Host was read. */
export interface Effort {
  /** How often the person was sent to another site to agree there. */
  redirects: number;
  /** Buttons pressed and answers chosen by the person. */
  clicks: number;
  /** Accounts of the Requester at servers, made for this. */
  registrations: number;
  /** Between anybody and anybody. */
  requests: number;
  /** Without the time in which a person reads and decides. */
  seconds: number;
}

export const noEffort = (): Effort => ({ redirects: 0, clicks: 0, registrations: 0, requests: 0, seconds: 0 });
