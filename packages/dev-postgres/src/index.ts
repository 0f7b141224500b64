export { ageRows } from './age-rows.ts';
export { type Embedded, type EmbeddedOptions, startEmbedded } from './embedded.ts';
export {
  type Apply,
  asSuperuser,
  createInstance,
  createTestDatabase,
  type Instance,
  type InstanceSpec,
  provision,
  type TestDatabase,
} from './instance.ts';
export { sharedEmbedded } from './shared.ts';
export { type SchemaDiffInput, schemaDiff } from './schema-diff.ts';
