/** What became of each PKCS#11 module: found, built for this computer, trusted, loaded, and what it shows. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { ModuleInfo, TokenInfo } from '../../shared/model.ts';
import { fine, problem, warning } from './finding.ts';
import type { Need } from './need.ts';
import { needsReader } from '../tokens/reader-trouble.ts';

export interface ModuleFacts {
  readonly platform: NodeJS.Platform;
  readonly modules: readonly ModuleInfo[];
  readonly tokens: readonly Pick<TokenInfo, 'module' | 'label' | 'serial'>[];
  /** Whether a key is missed that this module may have. */
  readonly need: (path: string) => Need;
  /** The service of readers was asked and does not answer. */
  readonly readerIsDown: boolean;
}

const check = 'module';

/** A fault of the file, told whether anybody needs it or not. */
const ownFaults: readonly ErrorCode[] = ['module-unsafe', 'module-not-pkcs11', 'module-unconfirmed'];

/** What a computer, or its user, may well do without. */
const notHad: readonly ErrorCode[] = ['platform-unsupported', 'tpm-missing', 'tpm-store-missing'];

export function judgeModules(facts: ModuleFacts): Finding[] {
  if (facts.modules.length === 0) return noModule(facts);
  return facts.modules.flatMap((module) => judgeModule(module, facts));
}

function noModule({ platform, need }: ModuleFacts): Finding[] {
  const needed = need('');
  if (needed === 'none') return [];
  const message = 'No PKCS#11 module was found on this computer, so no token can be seen.';
  return [(needed === 'missed' ? problem : warning)(check, 'modules', message, installation(platform))];
}

function installation(platform: NodeJS.Platform): string {
  if (platform === 'linux') {
    return 'Install the one of your key; on Debian: sudo apt install ykcs11 pcscd (YubiKey), libtpm2-pkcs11-1 (TPM) or opensc-pkcs11 (other cards).';
  }
  if (platform === 'darwin') {
    return 'Install the one of your key: brew install yubico-piv-tool (YubiKey) or opensc (other cards).';
  }
  return 'Install the one of your key: Yubico PIV Tool (YubiKey) or OpenSC (other cards).';
}

function judgeModule(module: ModuleInfo, facts: ModuleFacts): Finding[] {
  const { path, description, error } = module;
  if (error === null) {
    const seen = facts.tokens.filter((token) => token.module === path);
    const names = [...new Set(seen.map(({ label, serial }) => label || serial || 'one without a name'))];
    const tokens = names.length === 0 ? 'it shows no further token' : `tokens: ${names.join(', ')}`;
    return [fine(check, path, `Loaded${description === '' ? '' : ` (${description})`}; ${tokens}.`)];
  }
  // The service that is down is told of already.
  if (facts.readerIsDown && needsReader(path) && error.code === 'token-failed') return [];
  const need = facts.need(path);
  if (ownFaults.includes(error.code)) {
    return [(need === 'missed' ? problem : warning)(check, path, error.message, error.remedy)];
  }
  if (need === 'none') return [fine(check, path, `${error.message} No account needs this module.`)];
  if (need === 'maybe' && notHad.includes(error.code)) return [fine(check, path, error.message)];
  return [(need === 'missed' ? problem : warning)(check, path, error.message, error.remedy || null)];
}
