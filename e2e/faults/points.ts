/** Every failpoint of the AM, and what leads to it. */
export const AM_POINTS = [
  ['transfer.begun', 'transfer'],
  ['transfer.answered', 'transfer'],
  ['transfer.completed', 'transfer'],
  ['consent.written', 'connect'],
  ['code.redeemed', 'connect'],
  ['stop.committed', 'stop'],
  ['link.answered', 'link'],
] as const;

/** And of a Host. */
export const HOST_POINTS = [
  ['transfer.minted', 'transfer'],
  ['link.issued', 'link'],
  ['end.committed', 'stop'],
] as const;
