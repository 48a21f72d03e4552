/** What the product uses of the installed Electron's types that the test Electron's do not have. */
import { dirname } from 'node:path';
import ts from 'typescript';

/**
 * One entry a list of compat has: `OWNER.PROPERTY`, and a sentence on why it is supplied.
 * @typedef {{ api: string, why: string }} Supply
 */

/**
 * @typedef {object} Comparison
 * @property {string} tsconfig the file whose options hold.
 * @property {readonly string[]} files what is judged; what they import is only read.
 * @property {string} installedTypes electron.d.ts the files are written for.
 * @property {string} oldTypes electron.d.ts of the test Electron.
 */

/**
 * @param {Comparison} comparison
 * @param {readonly Supply[]} supplied
 * @returns {string[]} a sentence for each thing that is wrong; none where the difference is exactly what is supplied.
 */
export function judgeTypes({ tsconfig, files, installedTypes, oldTypes }, supplied) {
  const now = complaints({ tsconfig, files, types: installedTypes });
  if (now.length > 0) return now.map((each) => `With the installed Electron’s types: ${each.text}`);
  const listed = new Set(supplied.map(({ api }) => api));
  const missing = complaints({ tsconfig, files, types: oldTypes });
  const used = new Set(missing.map(({ api }) => api));
  return [
    ...missing
      .filter(({ api }) => !listed.has(api))
      .map(({ api, text }) => `The test Electron lacks ${api}, and compat does not list it: ${text}`),
    ...[...listed]
      .filter((api) => !used.has(api))
      .map((api) => `compat lists ${api}, and nothing uses it or the test Electron has it.`),
  ];
}

/**
 * @param {{ tsconfig: string, files: readonly string[], types: string }} options
 * @returns {{ api: string, text: string }[]}
 */
function complaints({ tsconfig, files, types }) {
  const read = /** @type {{ config?: { compilerOptions?: unknown } }} */ (
    ts.readConfigFile(tsconfig, (path) => ts.sys.readFile(path))
  );
  const folder = dirname(tsconfig);
  const { options } = ts.convertCompilerOptionsFromJson(read.config?.compilerOptions, folder);
  const program = ts.createProgram([...files], {
    ...options,
    paths: { electron: [types] },
    // A parameter of a callback has no type where the function it is given to is not there: an echo, no finding.
    noImplicitAny: false,
  });
  return program
    .getRootFileNames()
    .flatMap((name) => program.getSemanticDiagnostics(program.getSourceFile(name)))
    .map((diagnostic) => ({ api: apiOf(diagnostic), text: textOf(diagnostic, folder) }));
}

/** Texts of TypeScript that say that something is not there, and where in them its name and its owner's are. */
const absences = [
  /^Property '(?<name>[^']+)' does not exist on type '(?<owner>[^']+)'/,
  /^Object literal may only specify known properties, (?:and|but) '(?<name>[^']+)' does not exist in type '(?<owner>[^']+)'/,
  /^(?:Module|Namespace) '"?(?<owner>[^'"]+)"?' has no exported member(?: named)? '(?<name>[^']+)'/,
  /^'"?(?<owner>[^'"]+)"?' has no exported member named '(?<name>[^']+)'/,
];

/**
 * `OWNER.PROPERTY` where something is not there; else all that TypeScript says, in one line.
 * @param {ts.Diagnostic} diagnostic
 */
function apiOf({ messageText }) {
  const text = ts.flattenDiagnosticMessageText(messageText, ' ').replace(/\s+/g, ' ');
  for (const absence of absences) {
    const { owner, name } = absence.exec(text)?.groups ?? {};
    if (owner !== undefined && name !== undefined) return `${owner.replace(/^typeof /, '')}.${name}`;
  }
  return text;
}

/**
 * @param {ts.Diagnostic} diagnostic
 * @param {string} folder
 */
function textOf({ file, start, messageText }, folder) {
  const text = ts.flattenDiagnosticMessageText(messageText, ' ');
  if (file === undefined || start === undefined) return text;
  const { line } = file.getLineAndCharacterOfPosition(start);
  return `${file.fileName.replace(`${folder}/`, '')}:${String(line + 1)}: ${text}`;
}
