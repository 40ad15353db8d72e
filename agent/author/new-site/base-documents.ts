// The documents that every new site has: the site itself, who is who, and what keeps secrets and line ends out of version control's way.
import { type NewSite, schemaLine, yamlText } from './site-names.ts';

/** @returns path in the site -> text. */
export function baseDocuments(site: NewSite): ReadonlyMap<string, string> {
  return new Map([
    ['.gitignore', GITIGNORE],
    ['.gitattributes', GITATTRIBUTES],
    ['collections.yaml', COLLECTIONS],
    ['machines.yaml', MACHINES],
    ['site.yaml', siteDocument(site)],
  ]);
}

/** agent.yaml for the boot image. `mediaKey`: the public key as text. */
export function agentDocument(mediaKey: string): string {
  return `${schemaLine('agent', 0)}
# What the agent trusts. This file goes into the boot image, beside prestage.exe (\\Prestage\\agent.yaml), and nowhere else: whoever can write the
# boot image can replace these keys.

keys:                                # media signed by another key is refused
  - ${mediaKey}
# rootKeys: [...]                    # the offline key that signs the list of revoked keys
`;
}

function siteDocument({ code, name, url }: NewSite): string {
  const address = yamlText(url);
  return `${schemaLine('site', 0)}
# The site: who it is, where machines find it, and which keys speak for it.

site: ${yamlText(code)}                            # three letters or digits; every ID of the site begins with them
name: ${yamlText(name)}

# Where machines fetch content: any static web server or share that serves the folder which \`prestage publish\` writes.
distributionPoints:
  - url: ${address}
    priority: 1                      # the lower is asked first; 10 when left out
# - url: \\\\dp2\\prestage

# Where machines fetch policy: the same folder, unless you separate the two.
managementPoints:
  - ${address}

keys:                                # names of the files in keys/
  policy: policy                     # keys/policy.pem signs policy
  media: media                       # keys/media.pem signs media; agent.yaml pins its public half
  machine: machine                   # keys/machine.key encrypts what machines.yaml says

policyValidDays: 90                  # publish again before: a machine takes no policy that has expired

# variables:                         # task-sequence variables of every deployment
#   OSDTimeZone: W. Europe Standard Time
`;
}

const COLLECTIONS = `${schemaLine('collections', 0)}
# Who is who: deployments name a collection. \`all\` and \`unknown\` are there without being written.

- name: Pilot                        # has no rule: its machines name it in machines.yaml
# - name: Graz
#   rule:
#     subnets: [10.1.0.0/16]         # or models, manufacturers, serials, uuids, macs, skus, assetTags
#   variables:
#     OSDTimeZone: Central European Standard Time
`;

const MACHINES = `${schemaLine('machines', 0)}
# Single machines that the site knows before they are deployed. None yet: put entries in place of [].
# What stands here is published encrypted, each record for its own machine, but in this file it can be read.
#
# - serial: 5CG1234ABC               # or uuid, or macs
#   name: GRZ-0042
#   collections: [Pilot]
#   variables:
#     OSDTimeZone: W. Europe Standard Time
[]
`;

const GITIGNORE = `# Private keys belong to no version control. The .pub files do.
keys/*.pem
keys/*.key
# What was published last; may be deleted, costs time only.
.prestage/
`;

const GITATTRIBUTES = `# Content is published byte for byte, and a published version never changes: no line end may be converted on the way.
content/*/files/** -text
`;
