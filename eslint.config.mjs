import { defineConfig } from 'eslint/config';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';
import { rolekeyRules } from './build/eslint-rules.mjs';

/** Who owns clock, timers and the texts of what they adapt. */
const adapters = ['src/main/node/**', 'src/main/electron/**', 'src/main/tokens/host/**'];

const noWallClock = [
  // Date.now(), Date(), new Date(), const { now } = Date
  "MemberExpression[object.name='Date'][property.name='now']",
  "CallExpression[callee.name='Date']",
  "NewExpression[callee.name='Date'][arguments.length=0]",
  "VariableDeclarator[id.type='ObjectPattern'][init.name='Date']",
].map((selector) => ({ selector, message: 'Wall-clock time comes from the Clock port.' }));

/**
 * Ways round the ports that are no imports.
 * @type {Partial<import('eslint').Linter.RulesRecord>}
 */
const noEffects = {
  'no-restricted-globals': [
    'error',
    ...['setTimeout', 'setInterval', 'setImmediate', 'performance'].map((name) => ({
      name,
      message: 'Time and timers come from the Clock port.',
    })),
    ...['fetch', 'WebSocket', 'EventSource'].map((name) => ({
      name,
      message: 'The network is reached through the Http port.',
    })),
    { name: 'globalThis', message: 'Name what is needed; it may be one of the restricted.' },
  ],
};

const noExit = ['exit', 'abort'].map((property) => ({
  object: 'process',
  property,
  message: 'No exit in library code; throw an AppError.',
}));
const noProcess = ['env', 'hrtime', 'uptime', 'getBuiltinModule', 'binding', 'dlopen'].map((property) => ({
  object: 'process',
  property,
  message: 'What the process knows is given by the composition root.',
}));

const noTextMatching = [
  // error.message.includes('x'), error.message === 'x', /x/.test(error.message)
  'CallExpression[callee.object.property.name="message"][callee.property.name=/^(includes|startsWith|endsWith|match|matchAll|search|indexOf)$/]',
  'BinaryExpression[operator=/^[!=]==?$/] > MemberExpression[property.name="message"]',
  'CallExpression[callee.property.name=/^(test|exec)$/] > MemberExpression.arguments[property.name="message"]',
].map((selector) => ({
  selector,
  message: 'Tell errors apart by their code; only the adapter that owns a text may match it.',
}));

export default defineConfig(
  {
    ignores: ['dist/', 'coverage/', 'test/unit/boundaries/seeds/'],
  },
  {
    files: ['**/*.{ts,tsx,mjs}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { rolekey: rolekeyRules },
    rules: {
      'rolekey/kebab-case-file': 'error',
      'rolekey/no-barrel': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/require-await': 'off', // handlers are async by contract, whether or not they wait
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true } },
      ],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    ignores: ['src/cli/index.ts', 'src/main/tokens/host/index.ts'],
    rules: { 'no-restricted-properties': ['error', ...noExit] },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    ignores: adapters,
    rules: { 'no-restricted-syntax': ['error', ...noTextMatching] },
  },
  {
    files: ['src/main/**/*.ts'],
    ignores: adapters,
    rules: { 'no-restricted-syntax': ['error', ...noWallClock, ...noTextMatching], ...noEffects },
  },
  {
    files: ['src/renderer/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat['recommended-latest']],
  },
  {
    files: ['src/main/**/*.ts'],
    ignores: [...adapters, 'src/main/index.ts'],
    rules: { 'no-restricted-properties': ['error', ...noExit, ...noProcess] },
  },
  {
    // Programs talk to a terminal and configurations have default exports.
    files: ['build/**', 'test/**', '*.config.{mjs,ts}', '.dependency-cruiser.mjs'],
    rules: { 'no-console': 'off', 'no-restricted-exports': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off', // a test that meets undefined fails, as it should
      'no-restricted-syntax': [
        'error',
        ...[
          'MemberExpression[property.name=/^(only|todo)$/]',
          'CallExpression > ObjectExpression > Property[key.name=/^(only|todo|skip)$/]',
        ].map((selector) => ({ selector, message: 'A test that is left out is no test.' })),
        ...[
          'MemberExpression[property.name="fails"]',
          'CallExpression > ObjectExpression > Property[key.name=/^(fails|retry|repeats)$/]',
        ].map((selector) => ({ selector, message: 'A test that may fail is no test.' })),
      ],
    },
  },
);
