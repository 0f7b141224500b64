// Rules for tests (`.oxlintrc.json`): what makes a test know how fast the machine is.

const TIMED = new Set(['test', 'it', 'beforeAll', 'beforeEach', 'afterAll', 'afterEach']);
const CLOCKS = new Set(['Date.now', 'performance.now', 'now']);
const ORDERS = new Set([
  'toBeLessThan',
  'toBeLessThanOrEqual',
  'toBeGreaterThan',
  'toBeGreaterThanOrEqual',
  'toBeCloseTo',
  'toBe',
]);

const nameOf = (node) => {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'MemberExpression' && !node.computed) return `${nameOf(node.object)}.${node.property.name}`;
  return '';
};

/** The word that a call begins with: `test` of `test.each(…)(…)`. */
const rootOf = (node) => {
  if (node.type === 'CallExpression' || node.type === 'TaggedTemplateExpression')
    return rootOf(node.callee ?? node.tag);
  return node.type === 'MemberExpression' ? rootOf(node.object) : node.type === 'Identifier' ? node.name : '';
};

/** `test` of `test`, `test.only` and `test.each(…)`, and of nothing else that begins with the word. */
const nameOfTest = (callee) => {
  const inner =
    callee.type === 'CallExpression' || callee.type === 'TaggedTemplateExpression'
      ? (callee.callee ?? callee.tag)
      : callee;
  return inner.type === 'MemberExpression' && /^(each|only|skip|failing|concurrent)$/.test(inner.property.name)
    ? rootOf(inner)
    : nameOf(inner);
};

const isNumber = (node) => node?.type === 'Literal' && typeof node.value === 'number';
const NO_LIMIT =
  'A test has no time limit of its own: wait for the event (`eventually`), ' +
  'or take a multiple of what this machine needs (`patience`).';

const noTimeout = {
  create: (context) => ({
    CallExpression(node) {
      if (!TIMED.has(nameOfTest(node.callee))) return;
      const last = node.arguments.at(-1);
      if (
        node.arguments.length > 1 &&
        (isNumber(last) || (last?.type === 'Identifier' && /MS$|TIMEOUT/.test(last.name)))
      )
        context.report({ node: last, message: NO_LIMIT });
    },
    // as browsers, clients and containers take it
    Property(node) {
      if (nameOf(node.key) === 'timeout' && isNumber(node.value) && node.value.value > 0)
        context.report({ node, message: NO_LIMIT });
    },
  }),
};

const noSleep = {
  create: (context) => ({
    CallExpression(node) {
      const name = nameOf(node.callee);
      const [first, second] = node.arguments;
      const slept = /^(pause|sleep|delay|wait)$/.test(name) ? first : name === 'setTimeout' ? second : undefined;
      if (!isNumber(slept) || slept.value === 0) return;
      if (insideALoop(node)) return;
      context.report({ node, message: 'A test does not sleep: wait for what shall have happened (`eventually`).' });
    },
  }),
};

/** A pause between two looks is part of waiting for an event. */
function insideALoop(node) {
  for (let at = node.parent; at; at = at.parent) {
    if (/^(For|While|DoWhile)/.test(at.type)) return true;
    if (/Function/.test(at.type)) return false;
  }
  return false;
}

const isDifferenceOfClocks = (node) =>
  node?.type === 'BinaryExpression' &&
  node.operator === '-' &&
  [node.left, node.right].some((side) => side.type === 'CallExpression' && CLOCKS.has(nameOf(side.callee)));

const containsDifference = (node) =>
  isDifferenceOfClocks(node) ||
  (node?.type === 'CallExpression' && nameOf(node.callee) === 'Math.abs' && node.arguments.some(containsDifference)) ||
  (node?.type === 'BinaryExpression' && [node.left, node.right].some(containsDifference));

const isPatience = (node) => node.type === 'CallExpression' && nameOf(node.callee) === 'patience';

const noElapsed = {
  create(context) {
    /** Names of what was measured before it is asserted. */
    const measured = new Set();
    const isElapsed = (node) => containsDifference(node) || (node.type === 'Identifier' && measured.has(node.name));
    return {
      VariableDeclarator({ id, init }) {
        if (id.type === 'Identifier' && containsDifference(init)) measured.add(id.name);
      },
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== 'MemberExpression' || !ORDERS.has(callee.property.name)) return;
        const expecting = callee.object.type === 'CallExpression' ? callee.object : null;
        if (expecting === null || rootOf(expecting.callee) !== 'expect') return;
        if (expecting.arguments.some(isElapsed) && !node.arguments.every(isPatience))
          context.report({
            node,
            message:
              'How long something took says how fast the machine is: assert what happened, and in which order, ' +
              'or move the clock; a bound is a multiple of what this machine needs (`patience`).',
          });
      },
    };
  },
};

const noTimedCount = {
  create: (context) => ({
    Property(node) {
      if (nameOf(node.key) === 'interruptAfterTimeLimit')
        context.report({
          node,
          message: 'How much is tried is a number of runs, not what a machine does in some time.',
        });
    },
  }),
};

export default {
  meta: { name: 'chatelaine-tests' },
  rules: { 'no-timeout': noTimeout, 'no-sleep': noSleep, 'no-elapsed': noElapsed, 'no-timed-count': noTimedCount },
};
