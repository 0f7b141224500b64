// What `@jest/globals` is under native-runtime.cjs. Modules are shared by the test files of a process, and the
// functions of Jest are not: each test file gets new ones. So these look up the current ones when they are called.

const CURRENT = Symbol.for('chatelaine.jest.globals');

function current(name) {
  const globals = globalThis[CURRENT];
  if (globals === undefined) throw new Error(`${name} of @jest/globals is there in tests only`);
  return globals[name];
}

const delegate = (name) =>
  new Proxy(() => undefined, {
    apply: (_, self, args) => Reflect.apply(current(name), self, args),
    get: (_, property) => current(name)[property],
  });

export const afterAll = delegate('afterAll');
export const afterEach = delegate('afterEach');
export const beforeAll = delegate('beforeAll');
export const beforeEach = delegate('beforeEach');
export const describe = delegate('describe');
export const expect = delegate('expect');
export const it = delegate('it');
export const test = delegate('test');
