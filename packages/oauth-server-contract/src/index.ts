export type { StorageHarness, TestRunner } from './harness.ts';
export { storageContract } from './storage-contract.ts';
