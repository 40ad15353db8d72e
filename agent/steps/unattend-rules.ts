// What Windows accepts as an answer, checked before it is written: a refused answer stops Windows Setup half way, on a machine without a system.
// Pure. Sources: Microsoft, "Unattended Windows Setup reference" (the page of each setting) and "Naming conventions in Active Directory".

/** A rule: completes "expected ...", and whether a text follows it. */
export interface Rule {
  readonly expected: string;
  holds(text: string): boolean;
}

/**
 * A NetBIOS name: 15 characters, none that NetBIOS or DNS forbids, not digits alone. `*` lets Windows choose. The underscore, which DNS has not,
 * is let through: Windows takes it, and sites have it.
 */
export const computerName: Rule = {
  expected: 'a computer name: 1 to 15 letters, digits, - or _, not digits alone, - not at an end; or *',
  holds: text =>
    text === '*' || (/^[A-Za-z0-9_]([A-Za-z0-9_-]{0,13}[A-Za-z0-9_])?$/.test(text) && /\D/.test(text)),
};

/** Of workgroups and old domains: NetBIOS, too, but with dots and spaces inside. */
export const workgroupName: Rule = {
  expected: 'the name of a workgroup: 1 to 15 characters, none of \\ / : * ? " < > | , = + [ ] ; @',
  holds: text =>
    text.length <= 15 &&
    isLine(text) &&
    /^[^\\/:*?"<>|,=+[\];@\s]([^\\/:*?"<>|,=+[\];@]*[^\\/:*?"<>|,=+[\];@\s])?$/.test(text),
};

/** DNS or NetBIOS; JoinDomain takes either. */
export const domainName: Rule = {
  expected: 'the name of a domain, such as contoso.com',
  holds: text => text.length <= 255 && /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(text),
};

/** RFC 1779, the whole path. */
export const organizationalUnit: Rule = {
  expected: 'the whole path of an organizational unit, such as OU=Book,DC=contoso,DC=com',
  holds: text => isLine(text) && /^(OU|CN)=[^=]+(,\s*(OU|CN)=[^=]+)*(,\s*DC=[^=,]+)+$/i.test(text),
};

/** `CONTOSO\join`, `join@contoso.com` or `join`. */
export const account: Rule = {
  expected: 'an account: DOMAIN\\name, name@domain or name',
  holds: text =>
    isLine(text) &&
    (/^([^\\/@:;"<>|]+\\)?[^\\/@:;"<>|]+$/.test(text) || /^[^\\/@:;"<>|]+@[A-Za-z0-9._-]+$/.test(text)),
};

/** By its key in the registry; a name of the IANA list (`Europe/Vienna`) has a slash, one of Windows never. */
export const timeZone: Rule = {
  expected: 'a time zone as Windows names it (tzutil /l), such as W. Europe Standard Time',
  holds: text => /^[A-Za-z0-9][A-Za-z0-9 .()+_-]{1,127}$/.test(text),
};

/** `de-AT`, `sr-Latn-RS`, or an old number, `0409`. */
export const locale: Rule = {
  expected: 'a language and country, such as de-AT',
  holds: text => /^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}|[0-9A-Fa-f]{4})$/.test(text),
};

/** One or several keyboards: `de-AT`, `0407:00000407`, `0411:{GUID}{GUID}`. */
export const inputLocale: Rule = {
  expected: 'keyboards, such as de-AT or 0407:00000407;0409:00000409',
  holds: text => text.split(';').every(each => locale.holds(each.trim()) || KEYBOARD.test(each.trim())),
};

const GUID = '\\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\}';
const KEYBOARD = new RegExp(`^[0-9A-Fa-f]{4}:(?:[0-9A-Fa-f]{8}|${GUID}${GUID})$`);

export const productKey: Rule = {
  expected: 'a product key: five groups of five letters and digits',
  holds: text => /^[A-Z0-9]{5}(-[A-Z0-9]{5}){4}$/i.test(text),
};

/** Of people and organizations. */
export const registeredName: Rule = {
  expected: 'at most 255 characters of one line',
  holds: text => text.length <= 255 && isLine(text),
};

/** Of local accounts and of the account that joins. */
export const password: Rule = {
  expected: 'a password of 1 to 127 characters of one line',
  holds: text => text.length <= 127 && isLine(text),
};

/** 0 and 1 as Configuration Manager writes them, or in words. */
export const joinType: Rule = {
  expected: '0 or domain, 1 or workgroup',
  holds: text => /^(0|1|domain|workgroup)$/i.test(text),
};

export const trueOrFalse: Rule = { expected: 'true or false', holds: text => /^(true|false)$/i.test(text) };

function isLine(text: string): boolean {
  return isXmlText(text) && !/[\r\n]/.test(text);
}

/** XML 1.0 (section 2.2) has no place for most control characters, halves of surrogate pairs and two others, escaped or not. */
function isXmlText(text: string): boolean {
  return text.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text);
}
