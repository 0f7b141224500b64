import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';

interface WebAssemblyHere {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, unknown>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
}
interface Globals {
  WebAssembly: WebAssemblyHere;
  PRISMA_WASM_PANIC_REGISTRY?: { set_message(message: string): void };
}

let loaded: Promise<typeof glue> | undefined;

/**
 * Prisma's schema engine as WebAssembly, a dependency like any other. Prisma's command line downloads a native engine,
 * and without it `migrate diff` prints nothing and exits with 0, so that every check would pass.
 */
export function schemaEngine(): Promise<typeof glue> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<typeof glue> {
  const globals = globalThis as unknown as Globals;
  const require = createRequire(import.meta.url);
  const file = path.join(
    path.dirname(require.resolve('@prisma/schema-engine-wasm/schema_engine_bg')),
    'schema_engine_bg.wasm',
  );
  globals.PRISMA_WASM_PANIC_REGISTRY = {
    set_message(message) {
      throw new Error(`Prisma's schema engine panicked: ${message}`);
    },
  };
  const { instance } = await globals.WebAssembly.instantiate(fs.readFileSync(file), { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return glue;
}
