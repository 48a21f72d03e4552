/** The launchd agent of the Rolekey agent, as text (launchd.plist(5)). Pure. */
import { fileMarker, refuseControl, type ServiceProgram } from './program.ts';

export const plistLabel = 'dev.rolekey.agent';

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

/** @throws AppError `cli-path-unsafe` where a path or a variable holds characters that XML cannot. */
export function plistText({ command, environment }: ServiceProgram): string {
  for (const word of command) refuseControl(`The path ${JSON.stringify(word)}`, word);
  for (const [name, value] of Object.entries(environment)) refuseControl(name, value);
  const job: Value = {
    Label: plistLabel,
    ProgramArguments: [...command],
    // launchd cannot take a variable away: empty, Node loads nothing by it.
    EnvironmentVariables: { ...environment, NODE_OPTIONS: '' },
    WorkingDirectory: '/',
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ProcessType: 'Background',
    Umask: 0o077,
    // A core dump could hold a PIN.
    HardResourceLimits: { Core: 0 },
    SoftResourceLimits: { Core: 0 },
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<!-- ${fileMarker}: written by “rolekey agent install”, removed by “rolekey agent uninstall”. -->`,
    `<plist version="1.0">${element(job, '')}`,
    '</plist>',
    '',
  ].join('\n');
}

function element(value: Value, indent: string): string {
  const inner = `${indent}  `;
  if (typeof value === 'boolean') return `\n${indent}<${String(value)}/>`;
  if (typeof value === 'number') return `\n${indent}<integer>${String(value)}</integer>`;
  if (typeof value === 'string') return `\n${indent}<string>${escaped(value)}</string>`;
  if (isList(value)) {
    return `\n${indent}<array>${value.map((each) => element(each, inner)).join('')}\n${indent}</array>`;
  }
  const entries = Object.entries(value).map(
    ([key, each]) => `\n${inner}<key>${escaped(key)}</key>${element(each, inner)}`,
  );
  return `\n${indent}<dict>${entries.join('')}\n${indent}</dict>`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** XML 1.0, section 2.4. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
