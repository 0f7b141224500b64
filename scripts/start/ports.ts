/** The services of `npm start` are at `<name>.localhost`, each at its port. */
export const PORTS = {
  am: 4800,
  photos: 4811,
  calendar: 4812,
  notes: 4813,
  lifestream: 4820,
  bridge: 4830,
} as const;
