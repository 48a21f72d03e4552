/** What `rolekey doctor` shows to people: one line for each finding, the worst told at the end. Pure. */
import type { Finding } from '../../shared/api.ts';
import { plain } from '../plain-text.ts';

const words: Readonly<Record<Finding['status'], string>> = {
  ok: 'ok     ',
  warning: 'warning',
  problem: 'PROBLEM',
};

export function findingsText(findings: readonly Finding[]): string {
  return [...findings.map(line), '', summary(findings)].join('\n');
}

function line({ check, status, subject, message, remedy }: Finding): string {
  const about = subject === check ? check : `${check} ${subject}`;
  return plain`${words[status]}  ${about}: ${message}${remedy === null ? '' : ` ${remedy}`}`;
}

function summary(findings: readonly Finding[]): string {
  const count = (status: Finding['status']): number =>
    findings.filter((finding) => finding.status === status).length;
  const problems = count('problem');
  const warnings = count('warning');
  if (problems + warnings === 0) return 'Nothing is wrong.';
  const [first = '', ...rest] = `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}.`;
  return first.toUpperCase() + rest.join('');
}

function counted(count: number, what: string): string {
  return `${count === 0 ? 'no' : String(count)} ${what}${count === 1 ? '' : 's'}`;
}
