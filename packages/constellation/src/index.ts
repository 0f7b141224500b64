export type { Control, Fill, PageForm } from './browser/form.ts';
export { type Page, PageError } from './browser/page.ts';
export { createPerson, type Person, type PersonOptions } from './browser/person.ts';
export {
  type Constellation,
  type ConstellationOptions,
  type RunningHost,
  startConstellation,
} from './constellation.ts';
export type { Database } from './database.ts';
export { freePorts, takenPorts } from '@chatelaine/test-kit';
export { type Front, openFront } from './front.ts';
export {
  type TestDeployment,
  type TestDeploymentOptions,
  type DeployedService,
  startDeployment,
} from './deployment.ts';
export { type Keeper, startKeeper } from './keeper.ts';
export { createLoopbackFetch, type LoopbackFetch } from './loopback-fetch.ts';
export type { Guest } from './guests.ts';
export { type Flavor, FLAVORS, type Plan, planDeployment, type RequesterName } from './plan.ts';
export { type Exchange, headerOf, type Recording } from './recording.ts';
export { RUNTIME } from './runtime.ts';
export { type RunMode, type ServiceProcess, serviceProcess, type ServiceProcessOptions } from './service-process.ts';
export { signIn, signInIfAsked, signUp } from './story/accounts.ts';
export { addHost, type AddHostOptions } from './story/add-host.ts';
export {
  type Answer,
  answerConsent,
  pressAllow,
  connectRequester,
  type ConnectOptions,
  type Question,
} from './story/connect-requester.ts';
export * as act from './hostile-host/act.ts';
export { claimsOf, type HostileHost, openHostileHost, type Script } from './hostile-host/hostile-host.ts';
export { termsDecided } from './terms.ts';
