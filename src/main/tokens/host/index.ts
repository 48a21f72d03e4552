/**
 * The token host: a process with one PKCS#11 module in it and nothing else, since such modules block, hang and crash.
 * `argv[2]` is the module's path.
 */
import './signals.ts';
import './no-core-dumps.ts';
import { parentChannel } from './channel.ts';
import { loadModule } from './pkcs11js-cryptoki.ts';
import { serve } from './server.ts';
import { TokenModule } from './token-module.ts';

const [, , modulePath = ''] = process.argv;
// Without the module's exit handlers, which may hang; a token that is used no more needs no farewell.
const exit = (): void => void process.kill(process.pid, 'SIGKILL');
serve(parentChannel(), new TokenModule(() => loadModule(modulePath)), exit);
