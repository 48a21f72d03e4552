/** AWS profiles with keys that last for ever, or that SDKs take before the command in the same profile. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { Account } from '../../shared/model.ts';
import { shellWord } from '../shell-word.ts';
import { fine, problem, warning } from './finding.ts';
import { hasStaticKeys, isLongLived, type ProfilePlace } from './static-keys.ts';

export interface ProfileKeysFacts {
  /** Of both files. */
  readonly places: readonly ProfilePlace[];
  readonly accounts: readonly Pick<Account, 'id' | 'awsProfile' | 'outlet'>[];
}

const check = 'profile-keys';

/**
 * One finding for each profile with static keys of the user's: a problem where they keep an account of Rolekey's from
 * being used (botocore and the SDKs for JavaScript and Go take them before `credential_process`), else a warning where
 * they last or stand before another command. Keys with a session token end by themselves and are passed over.
 */
export function judgeProfileKeys({ places, accounts }: ProfileKeysFacts): Finding[] {
  const profiles = [...new Set(places.map(({ profile }) => profile))];
  const findings = profiles.flatMap((profile) => {
    const here = places.filter((place) => place.profile === profile);
    return judgeProfile(profile, here, accountFor(profile, accounts));
  });
  if (findings.length > 0) return findings;
  return [fine(check, 'AWS profiles', 'None holds long-lived keys.')];
}

function judgeProfile(profile: string, places: readonly ProfilePlace[], account: string): Finding[] {
  const [keys] = places.filter(hasStaticKeys);
  if (keys === undefined) return [];
  const where = `${keys.path}, line ${String(keys.line)}`;
  const remedy = `Put an account in their place: rolekey doctor --replace-keys ${shellWord(profile)} --account ${account}.`;
  const ours = places.find(({ accountId }) => accountId !== null);
  if (ours !== undefined) {
    const message = `The AWS profile ${profile} has keys of its own (${where}), which programs take before those of the account ${String(ours.accountId)}.`;
    return [problem(check, profile, message, remedy)];
  }
  if (places.some((place) => place.keys.has('credential_process'))) {
    const message = `The AWS profile ${profile} has keys (${where}) and a credential_process, which programs never run because of them.`;
    return [warning(check, profile, message, remedy)];
  }
  if (!places.some(isLongLived)) return [];
  const message = `The AWS profile ${profile} holds long-lived keys (${where}); whoever reads the file has them for ever.`;
  return [warning(check, profile, message, remedy)];
}

/** The account that has this profile; `ID` where the user must choose. */
function accountFor(profile: string, accounts: ProfileKeysFacts['accounts']): string {
  const own = accounts.find(({ awsProfile, outlet }) => awsProfile === profile && outlet !== 'none');
  return own?.id ?? 'ID';
}
