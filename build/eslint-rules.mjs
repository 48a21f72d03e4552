/** Lint rules of this repository's own, about files as a whole. */
import { basename } from 'node:path';

/** @type {import('eslint').Rule.RuleModule} */
const kebabCaseFile = {
  create: (context) => ({
    Program: (node) => {
      const name = basename(context.filename);
      if (/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name.replace(/^\./, ''))) return;
      context.report({ node, message: `${name} is not kebab-case.` });
    },
  }),
};

/** @type {import('eslint').Rule.RuleModule} */
const noBarrel = {
  create: (context) => ({
    Program: (node) => {
      const isReExport = (/** @type {import('estree').Program['body'][number]} */ statement) =>
        statement.type === 'ExportAllDeclaration' ||
        (statement.type === 'ExportNamedDeclaration' &&
          statement.source !== null &&
          statement.source !== undefined);
      const isBarrel = node.body.length > 0 && node.body.every(isReExport);
      if (basename(context.filename).startsWith('index.') && isBarrel) {
        context.report({ node, message: 'An index that only re-exports hides where things are.' });
      }
    },
  }),
};

export const rolekeyRules = { rules: { 'kebab-case-file': kebabCaseFile, 'no-barrel': noBarrel } };
