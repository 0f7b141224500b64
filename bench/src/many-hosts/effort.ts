/** The effort until something was read from every Host. */
export interface Effort {
  /** How often the person was sent to another site to agree there. */
  redirects: number;
  /** Buttons pressed and answers chosen by the person. */
  clicks: number;
  /** Client registrations of the Requester, made for this. */
  registrations: number;
  /** Requests between all parties. */
  requests: number;
  /** Without the time in which a person reads and decides. */
  seconds: number;
}

export const noEffort = (): Effort => ({ redirects: 0, clicks: 0, registrations: 0, requests: 0, seconds: 0 });
