/**
 * Imported second, before any PIN is near. Modules crash, and the kernel then writes the process down; what it would write
 * holds the PIN. Nothing of this process's memory is to be in it (core(5), Linux; elsewhere there is no such file).
 */
import { writeFileSync } from 'node:fs';

try {
  writeFileSync('/proc/self/coredump_filter', '0');
} catch {
  // Another system, or a /proc that cannot be written: the system's own limit on core files applies.
}
