import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Who owns clock, timers and the texts of what they adapt. */
const adapters = ['src/main/node/**', 'src/main/electron/**', 'src/main/tokens/host/**'];

const noWallClock = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Wall-clock time comes from the Clock port.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Wall-clock time comes from the Clock port.',
  },
  {
    selector: 'CallExpression[callee.name=/^(setTimeout|setInterval)$/]',
    message: 'Timers come from the Clock port.',
  },
];

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
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/require-await': 'off', // handlers are async by contract, whether or not they wait
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    ignores: ['src/cli/index.ts', 'src/main/tokens/host/index.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'exit', message: 'No exit in library code; throw an AppError.' },
        { object: 'process', property: 'abort', message: 'No exit in library code; throw an AppError.' },
      ],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    ignores: adapters,
    rules: { 'no-restricted-syntax': ['error', ...noTextMatching] },
  },
  {
    files: ['src/main/**/*.ts'],
    ignores: adapters,
    rules: { 'no-restricted-syntax': ['error', ...noWallClock, ...noTextMatching] },
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
        {
          selector: 'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(only|todo)$/]',
          message: 'A test that is left out is no test.',
        },
      ],
    },
  },
);
