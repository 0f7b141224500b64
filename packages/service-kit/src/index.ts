import path from 'node:path';

// the server
export { createServer, type ServerOptions, type Timeouts } from './server/create-server.ts';
export { migrationsApplied, type ReadyCheck } from './server/health.ts';
export type { LogLevel } from './server/logger.ts';
export { waitingOnOthers, waitOnOthers, waitOnOthersOrHere } from './server/place.ts';
export { leavePlace } from './server/places.ts';
export type { Waiter } from './server/waits.ts';
export { notFound, Problem, type ProblemOptions } from './server/problem.ts';
export { keepOpener } from './server/security-headers.ts';

// what is seen from outside
export { createMetrics, type LabelsOf, type LabelValues, type Metrics } from './telemetry/metrics.ts';
export type { MetricsListener } from './telemetry/metrics-listener.ts';
export { observed } from './telemetry/observed.ts';
export { traced } from './telemetry/traced-fetch.ts';
export { noTracing, openTracing, type Tracing, type TracingOptions } from './telemetry/tracing.ts';

// keys
export { openVault, type VaultInput } from './keys/open-vault.ts';
export { countStale, reseal, type Resealed, type SealedPlace } from './keys/sealed-places.ts';
export { openRefreshKeys, type RefreshKey, type RefreshKeys } from './keys/refresh-keys.ts';
export { keptSecretPlace, openSessionKeys, replaceSessionKeys, type SessionKeys } from './keys/session-keys.ts';
export {
  KEYS_READ_EVERY_SECONDS,
  type KeyRing,
  openSigningKeys,
  replaceSigningKey,
  rotateSigningKey,
  type Rotation,
  signingKeyPlace,
  type SigningKeysInput,
} from './keys/signing-keys.ts';

// the command line
export { type Command, type CommandResult, runCli, UsageError } from './cli/run-cli.ts';
export { keyCommands, type ServiceKeys, withCommandPool } from './cli/key-commands.ts';

// the process
export { type DrainOptions, drain } from './run/drain.ts';
export { repeat, type Repeated } from './run/repeat.ts';
export { run, type Service } from './run/run.ts';
export { type ArmedFailpoint, createFailpoints, type Failpoint, failpointsField } from './run/failpoints.ts';
export { ConfigError, type Env, readEnv } from './env/read-env.ts';
export { SERVICE_FIELDS, type ServiceConfig, serviceConfig } from './env/service-config.ts';
export {
  databaseUrl,
  type Field as EnvField,
  flag,
  httpUrl,
  integer,
  json,
  key,
  keys,
  oneOf,
  optional,
  type Parsed,
  parsedBy,
  port,
  ratio,
  text,
} from './env/fields.ts';

// people
export { pages } from './forms/pages.ts';
export { formOf, queryOf } from './forms/form-of.ts';
export { canBeShown } from './forms/text.ts';
export { fileOf, type UploadedFile, type UploadOptions, uploads } from './forms/uploads.ts';
export { type Picture, PICTURE_TYPES, pictureTypeOf, type PictureType, sendPicture } from './forms/picture.ts';
export { sessions, type SessionOptions } from './sessions/sessions.ts';
export { reap } from './sessions/reaper.ts';
export type { SessionLifetime } from './sessions/session-store.ts';
export type { Account } from './accounts/account.ts';
export { type AccountOptions, accounts } from './accounts/accounts.tsx';
export type { AccountLimits } from './accounts/attempts.ts';
export { type Counter, createLimit, type Limit } from './limits/limit.ts';
export { createAccount, type Created } from './accounts/create-account.ts';
export {
  accountOf,
  currentAccount,
  currentSessionAccount,
  requireAccount,
  signInUrl,
} from './accounts/current-account.ts';
export { createPasswords, type PasswordOptions, type Passwords } from './accounts/password.ts';
export { localPath } from './accounts/return-to.ts';

// pages
export {
  Badge,
  ButtonLink,
  ButtonRow,
  Card,
  Empty,
  Facts,
  List,
  Notice,
  Row,
  Split,
  Steps,
  Table,
} from './pages/components.tsx';
export { Choice, Choices, Radios } from './pages/choices.tsx';
export {
  AddressField,
  Button,
  Field,
  type FieldProps,
  FileField,
  Form,
  Hidden,
  Select,
  TextArea,
} from './pages/controls.tsx';
export { Day, Moment } from './pages/time.tsx';
export { ErrorPage, type ErrorView } from './pages/error-page.tsx';
export { Layout } from './pages/layout.tsx';
export {
  afterOf,
  ENTRIES_A_PAGE,
  hrefAfter,
  keyPart,
  Onward,
  type OnwardProps,
  type Part,
  partOf,
  type SortKey,
} from './pages/onward.tsx';
export { pageOf, type PageOfList, Pager } from './pages/pager.tsx';
export { renderPage } from './pages/render.tsx';
export { ReturnPage, type ReturnPageView } from './pages/return-page.tsx';
export type { NavItem, Site } from './pages/site.ts';
export { Arriving, streamPage } from './pages/stream.tsx';

/** The migrations of `account`, `session` and `rate_limit`, in Prisma's layout; a service applies them together with its own. */
export const migrationsDir: string = path.join(import.meta.dirname, '..', 'prisma', 'migrations');

/** The same tables as a Prisma file, for the service's drift test. */
export const prismaFile: string = path.join(import.meta.dirname, '..', 'prisma', 'service-kit.prisma');
