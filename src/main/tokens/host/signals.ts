/**
 * Imported first. SIGUSR1 would open Node's inspector in a process that holds PINs; a terminal's Ctrl-C, Ctrl-\ or
 * hang-up is for the engine, which ends this process when it wants to, and never in the middle of a call.
 */
for (const signal of ['SIGUSR1', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const) {
  process.on(signal, () => undefined);
}
