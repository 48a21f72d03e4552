/** A certificate is about to expire, and with it what is made of it. Told 30, 14, 7 days and a day before. */
import type { AccountView, Fact, FollowedView, Situation } from './notification.ts';
import { byNumber, counted, named, showButton } from './wording.ts';

const dayMs = 86_400_000;
/** When it is told, days before the end. */
const thresholds = [30, 14, 7, 1] as const;

type Certificate = NonNullable<AccountView['certificate']>;

export const certificateExpires: Situation = {
  name: 'certificate-expires',
  facts: (views, now) => views.flatMap((view) => factOf(view, now)),
  say: (views, now) => {
    const certificates = views.flatMap(({ certificate }) => certificate ?? []);
    const end = Math.min(...certificates.map(({ notAfter }) => notAfter));
    const days = Math.min(...certificates.map((each) => reached(each, now) ?? thresholds[0]));
    const within = days === 1 ? 'within a day' : `within ${String(days)} days`;
    const date = new Date(end).toISOString().slice(0, 10);
    const isOne = new Set(certificates.map(({ sha256 }) => sha256)).size === 1;
    return {
      title: isOne
        ? `The certificate of ${counted(views)} expires ${within}`
        : `Certificates of ${counted(views)} expire, the first ${within}`,
      body: [
        isOne
          ? `The one of ${named(views)} ends on ${date}.`
          : `Of ${named(views)}; the first ends on ${date}.`,
        `Ask for a new one: without it there are no credentials for ${byNumber(views, 'the account', 'the accounts')}.`,
      ].join(' '),
      button: showButton(views),
    };
  },
  nextLook: (views, now) => {
    const next = views.flatMap(({ certificate }) => {
      if (certificate === null) return [];
      const times = thresholdsOf(certificate).map((days) => certificate.notAfter - days * dayMs);
      return times.find((each) => each > now) ?? [];
    });
    return next.length === 0 ? null : Math.min(...next);
  },
  // Each certificate is told of once at each threshold, whatever sessions are made of it.
  isOver: () => false,
  tellsRest: false,
};

function factOf(view: FollowedView, now: number): Fact[] {
  const { certificate, account } = view;
  const days = certificate === null ? null : reached(certificate, now);
  if (certificate === null || days === null) return [];
  const { sha256 } = certificate;
  return [
    { group: '', key: `${sha256} ${String(days)}`, subject: `${account} ${sha256}`, view, when: 'now' },
  ];
}

/** The threshold that is reached; null: none is, or it is over, which the account's state tells. */
function reached(certificate: Certificate, now: number): number | null {
  const left = certificate.notAfter - now;
  if (left <= 0) return null;
  return thresholdsOf(certificate).findLast((days) => left <= days * dayMs) ?? null;
}

/** Where a certificate is good for days, whoever issues it sees to the next one: nobody is told while it is new. */
function thresholdsOf({ notBefore, notAfter }: Certificate): readonly number[] {
  return thresholds.filter((days) => days * dayMs <= (notAfter - notBefore) / 2);
}
