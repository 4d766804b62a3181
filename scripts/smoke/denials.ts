import { CloudTrailClient, type Event, paginateLookupEvents } from '@aws-sdk/client-cloudtrail';

const DENIED = /AccessDenied|UnauthorizedOperation|Client\.Unauthorized/;

/** What calls of a stack's roles were denied since then, by CloudTrail. It has management events, not those of data. */
export async function denialsSince(stack: string, since: number): Promise<readonly string[]> {
  const client = new CloudTrailClient();
  const found = new Set<string>();
  try {
    const lookup = paginateLookupEvents({ client }, { StartTime: new Date(since), EndTime: new Date() });
    for await (const { Events = [] } of lookup) {
      for (const event of Events) {
        const denial = denialIn(event, stack);
        if (denial !== undefined) found.add(denial);
      }
    }
    return [...found];
  } finally {
    client.destroy();
  }
}

interface TrailEvent {
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly userIdentity?: { readonly arn?: string };
}

/** One sentence about a call of a role of the stack that was denied. Undefined for all other events. */
export function denialIn({ EventName, CloudTrailEvent = '{}' }: Event, stack: string): string | undefined {
  const { errorCode = '', errorMessage = '', userIdentity } = JSON.parse(CloudTrailEvent) as TrailEvent;
  const caller = userIdentity?.arn ?? '';
  if (!DENIED.test(errorCode) || !caller.includes(`/${stack}-`)) return undefined;
  return `${EventName} of ${caller}: ${errorCode} ${errorMessage}`.trim();
}
