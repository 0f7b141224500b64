/** Every failpoint of the AM, and the action that leads to it. */
export const AM_POINTS = [
  ['transfer.begun', 'transfer'],
  ['transfer.answered', 'transfer'],
  ['transfer.completed', 'transfer'],
  ['consent.written', 'connect'],
  ['code.redeemed', 'connect'],
  ['agreement.read', 'sign'],
  ['agreement.kept', 'sign'],
  ['terms.proffered', 'offer'],
  ['refresh.rotated', 'refresh'],
  ['grant.ended', 'revoke'],
  ['stop.committed', 'stop'],
  ['link.answered', 'link'],
] as const;

/** Those that stock clients reach as well, by other code paths. */
export const APP_POINTS = [
  ['transfer.begun', 'refresh'],
  ['transfer.answered', 'refresh'],
  ['transfer.completed', 'refresh'],
  ['consent.written', 'app'],
  ['code.redeemed', 'app'],
] as const;

/** Every failpoint of a Host. */
export const HOST_POINTS = [
  ['transfer.minted', 'transfer'],
  ['link.issued', 'link'],
  ['end.committed', 'stop'],
] as const;
