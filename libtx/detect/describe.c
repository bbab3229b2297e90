/* SPDX-License-Identifier: MIT */
#include "libtx/detect/describe.h"

#include "libtx/base/error.h"
#include "libtx/detect/id.h"

#define ROW(id, what, check) [TX_DETECT_##id] = {what, check}
static const struct tx_description descriptions[TX_DETECT_N] = {
    ROW(EMAIL, "e-mail address", "a local part and a domain with a known kind of ending"),
    ROW(PHONE_E164, "telephone number with + and country code",
        "a country code of the ITU's list, and as many digits as numbers there have"),
    ROW(PHONE_NANP, "telephone number of North America",
        "area and exchange begin with 2 to 9 and are no service numbers"),
    ROW(PHONE_NATIONAL, "telephone number without the country",
        "so many digits, grouped as telephone numbers are"),
    ROW(DATE_OF_BIRTH, "day of birth", "a day of the calendar between 1900 and today"),
    ROW(MRZ_PASSPORT, "machine-readable line of a passport or identity card",
        "the check digits of ICAO 9303"),
    ROW(PASSPORT, "number of a passport", "letters and digits as passports have them"),
    ROW(CREDIT_CARD, "card number (PAN)",
        "Luhn's check digit, and a beginning and a length that a network issues"),
    ROW(IBAN, "bank account number (IBAN)",
        "the country's length and form, and ISO 7064 mod 97-10"),
    ROW(US_ABA_RTN, "USA: bank routing number", "its check digit (weights 3, 7, 1) and a district"),
    ROW(BTC_ADDRESS, "Bitcoin address", "the checksum of Base58Check or Bech32"),
    ROW(ETH_ADDRESS, "Ethereum address",
        "EIP-55's capital letters, where letters of both cases are mixed"),
    ROW(IMEI, "number of a mobile device (IMEI)", "Luhn's check digit"),
    ROW(VIN, "number of a vehicle (VIN)", "the check character in the ninth place"),
    ROW(IPV4, "IPv4 address", "four numbers from 0 to 255, and no version number"),
    ROW(IPV6, "IPv6 address", "eight groups, or fewer with ::"),
    ROW(MAC, "MAC address", "twelve hex digits with one kind of separator"),
    ROW(GPS_COORDS, "coordinates of a place",
        "latitude to 90, longitude to 180, four decimals and more"),
    ROW(JWT, "JSON Web Token", "a header that decodes to JSON with alg or enc"),
    ROW(AUTH_HEADER, "credentials behind Bearer, Basic and the like",
        "something that can be a token, not a word"),
    ROW(AWS_KEY_ID, "AWS: id of an access key", "its prefix, length and entropy"),
    ROW(AWS_SECRET, "AWS: secret access key", "40 characters with the entropy of a key"),
    ROW(GCP_API_KEY, "Google: API key", "its prefix, length and entropy"),
    ROW(GITHUB_TOKEN, "GitHub: token", "the CRC-32 at its end"),
    ROW(SLACK_TOKEN, "Slack: token or webhook", "its prefix and length"),
    ROW(STRIPE_KEY, "Stripe: key", "its prefix and length"),
    ROW(PRIVATE_KEY_PEM, "private key (PEM, OpenPGP)", "a BEGIN line of a private key"),
    ROW(URL_PASSWORD, "password in a URL", "scheme://user:password@host"),
    ROW(KV_SECRET, "value behind password=, secret:, api_key= and the like",
        "a value, not null, a star or a placeholder"),
    ROW(VENDOR_TOKEN, "key or token of some 110 other makers",
        "the maker's prefix, length and characters"),
    ROW(UK_NINO, "United Kingdom: National Insurance number",
        "a prefix and suffix that are given out"),
    ROW(UK_NHS, "United Kingdom: NHS number", "check digit modulo 11"),
    ROW(IE_PPS, "Ireland: Personal Public Service number", "check letter modulo 23"),
    ROW(DE_STEUER_ID, "Germany: tax identification number",
        "ISO 7064 mod 11,10, and how often digits repeat"),
    ROW(DE_RVNR, "Germany: pension insurance number", "check digit, and a day of birth within"),
    ROW(DE_KVNR, "Germany: health insurance number", "check digit"),
    ROW(DE_PERSONALAUSWEIS, "Germany: identity card number", "check digit of ICAO 9303"),
    ROW(AT_SVNR, "Austria: social insurance number",
        "check digit modulo 11, and a day of birth within"),
    ROW(CH_AHV, "Switzerland: AHV number", "check digit of EAN-13 behind 756"),
    ROW(FR_NIR, "France: social security number", "check number modulo 97"),
    ROW(ES_DNI_NIE, "Spain: DNI or NIE", "check letter modulo 23"),
    ROW(PT_NIF, "Portugal: tax number", "check digit modulo 11"),
    ROW(IT_CODICE_FISCALE, "Italy: tax code", "check letter modulo 26"),
    ROW(GR_AMKA, "Greece: social security number", "Luhn's check digit, and a day of birth within"),
    ROW(GR_AFM, "Greece: tax number", "check digit modulo 11"),
    ROW(NL_BSN, "Netherlands: citizen service number", "the eleven test"),
    ROW(BE_NN, "Belgium: national number", "check number modulo 97, and a day of birth within"),
    ROW(UK_DRIVING_LICENCE, "United Kingdom: driving licence number",
        "its form, and a day of birth within"),
    ROW(UK_UTR, "United Kingdom: unique taxpayer reference", "check digit modulo 11"),
    ROW(LU_NIN, "Luxembourg: national number",
        "Luhn's and Verhoeff's check digits, and a day of birth within"),
    ROW(ES_NUSS, "Spain: social security number", "check number modulo 97"),
    ROW(FR_SPI, "France: tax number", "check number modulo 511"),
    ROW(PT_CC, "Portugal: citizen card number", "check digit by Luhn over letters and digits"),
    ROW(SE_PERSONNUMMER, "Sweden: personal number",
        "Luhn's check digit, and a day of birth within"),
    ROW(NO_FODSELSNUMMER, "Norway: birth number",
        "two check digits modulo 11, and a day of birth within"),
    ROW(DK_CPR, "Denmark: CPR number", "a day of birth within"),
    ROW(FI_HETU, "Finland: personal identity code",
        "check character modulo 31, and a day of birth within"),
    ROW(EE_IK, "Estonia: personal code", "check digit modulo 11, and a day of birth within"),
    ROW(LT_AK, "Lithuania: personal code", "check digit modulo 11, and a day of birth within"),
    ROW(LV_PK, "Latvia: personal code", "check digit, and a day of birth within"),
    ROW(IS_KENNITALA, "Iceland: identity number",
        "check digit modulo 11, and a day of birth within"),
    ROW(PL_PESEL, "Poland: PESEL", "check digit modulo 10, and a day of birth within"),
    ROW(CZ_SK_RC, "Czechia, Slovakia: birth number", "divisible by 11, and a day of birth within"),
    ROW(HU_TAJ, "Hungary: social security number", "check digit modulo 10"),
    ROW(RO_CNP, "Romania: personal code", "check digit modulo 11, and a day of birth within"),
    ROW(BG_EGN, "Bulgaria: uniform civil number",
        "check digit modulo 11, and a day of birth within"),
    ROW(TR_TCKN, "Turkey: identity number", "two check digits"),
    ROW(HR_OIB, "Croatia: personal number", "ISO 7064 mod 11,10"),
    ROW(JMBG, "former Yugoslavia: JMBG", "check digit modulo 11, and a day of birth within"),
    ROW(PL_NIP, "Poland: tax number", "check digit modulo 11"),
    ROW(HU_TAX_ID, "Hungary: tax number of a person", "check digit modulo 11 behind an 8"),
    ROW(BG_LNCH, "Bulgaria: number of a foreigner", "check digit modulo 10"),
    ROW(MD_IDNP, "Moldova: personal number", "check digit modulo 10"),
    ROW(UA_RNOKPP, "Ukraine: tax number", "check digit modulo 11"),
    ROW(RU_INN, "Russia: tax number", "check digits modulo 11"),
    ROW(RU_SNILS, "Russia: pension insurance number", "check number modulo 101"),
    ROW(US_SSN, "USA: social security number", "area, group and serial number that are given out"),
    ROW(US_ITIN, "USA: taxpayer identification number",
        "a 9 in front and a group that is given out"),
    ROW(US_NPI, "USA: national provider identifier",
        "Luhn's check digit over 80840 and the number"),
    ROW(US_DEA, "USA: DEA registration number", "its check digit"),
    ROW(US_MBI, "USA: Medicare beneficiary identifier", "its letters and digits"),
    ROW(CA_SIN, "Canada: social insurance number", "Luhn's check digit"),
    ROW(BR_CPF, "Brazil: CPF", "two check digits modulo 11"),
    ROW(BR_CNPJ, "Brazil: CNPJ", "two check digits modulo 11"),
    ROW(MX_CURP, "Mexico: CURP", "check digit, a day of birth and a state within"),
    ROW(MX_RFC, "Mexico: RFC", "its form, a day within, and in some forms a check character"),
    ROW(AR_CUIT, "Argentina: CUIT or CUIL", "check digit modulo 11"),
    ROW(CL_RUT, "Chile: RUT", "check character modulo 11"),
    ROW(EC_CI, "Ecuador: identity card number", "check digit, and a province in front"),
    ROW(PE_DNI, "Peru: identity number", "check character"),
    ROW(CO_NIT, "Colombia: tax number", "check digit modulo 11"),
    ROW(DO_CEDULA, "Dominican Republic: identity card number", "Luhn's check digit"),
    ROW(CR_CEDULA, "Costa Rica: identity card number", "its form"),
    ROW(GT_NIT, "Guatemala: tax number", "check character modulo 11"),
    ROW(SV_NIT, "El Salvador: tax number", "check digit modulo 11"),
    ROW(VE_RIF, "Venezuela: RIF", "check digit modulo 11"),
    ROW(IN_AADHAAR, "India: Aadhaar", "Verhoeff's check digit"),
    ROW(IN_PAN, "India: permanent account number",
        "its letters and digits, with a kind of holder in the fourth place"),
    ROW(SG_NRIC, "Singapore: NRIC or FIN", "check letter"),
    ROW(KR_RRN, "South Korea: resident registration number",
        "a day of birth within, and the check digit of those before 2020"),
    ROW(JP_MYNUMBER, "Japan: individual number", "check digit modulo 11"),
    ROW(CN_ID, "China: resident identity number",
        "check character (ISO 7064 mod 11-2), and a day of birth within"),
    ROW(TH_ID, "Thailand: identity number", "check digit modulo 11"),
    ROW(ZA_ID, "South Africa: identity number", "Luhn's check digit, and a day of birth within"),
    ROW(AU_TFN, "Australia: tax file number", "weights modulo 11"),
    ROW(AU_MEDICARE, "Australia: Medicare number", "check digit modulo 10"),
    ROW(AU_ABN, "Australia: business number", "weights modulo 89"),
    ROW(NZ_IRD, "New Zealand: tax number", "check digit modulo 11"),
    ROW(AU_ACN, "Australia: company number", "check digit modulo 10"),
    ROW(IL_ID, "Israel: identity number", "Luhn's check digit"),
    ROW(PK_CNIC, "Pakistan: identity card number", "a province in front, no 0 at the end"),
    ROW(MY_NRIC, "Malaysia: identity card number", "a day of birth and a place within"),
    ROW(ID_NIK, "Indonesia: population number", "a province, and a day of birth within"),
    ROW(ID_NPWP, "Indonesia: tax number", "Luhn's check digit in the ninth place"),
    ROW(IN_VOTER, "India: voter card number", "three letters and seven digits"),
    ROW(IN_GSTIN, "India: goods and services tax number", "a state and a PAN within"),
    ROW(TW_ID, "Taiwan: identity number", "check digit modulo 10"),
    ROW(HK_ID, "Hong Kong: identity card number", "check character modulo 11"),
    ROW(KZ_IIN, "Kazakhstan: individual number",
        "check digit modulo 11, and a day of birth within"),
    ROW(EG_ID, "Egypt: national number", "a day of birth and a governorate within"),
};

const struct tx_description *tx_detector_describe(enum tx_detector d) {
    return &descriptions[d];
}

static const struct tx_id_family *const families[] = {
    &tx_ids_europe_west, &tx_ids_europe_north, &tx_ids_europe_east, &tx_ids_europe_more,
    &tx_ids_america,     &tx_ids_america_more, &tx_ids_asia,        &tx_ids_asia_more,
    &tx_ids_common,      &tx_ids_people,
};

/* Of numbers with shapes: whether some of them, or all, need a word. */
static void count_shapes(enum tx_detector d, size_t *ret_n, size_t *ret_n_context) {
    *ret_n = *ret_n_context = 0;
    for (size_t f = 0; f < TX_COUNT_OF(families); f++)
        for (size_t i = 0; i < families[f]->n_shapes; i++) {
            const struct tx_id_shape *shape = &families[f]->shapes[i];
            *ret_n += shape->detector == d;
            *ret_n_context += shape->detector == d && shape->context == TX_ID_CONTEXT;
        }
}

enum tx_context_need tx_detector_needs(enum tx_detector d) {
    size_t n, n_context;

    if (!tx_detector_infos[d].context)
        return TX_NEEDS_NO_WORD;
    count_shapes(d, &n, &n_context);
    if (n > 0)
        return n_context == 0   ? TX_NEEDS_NO_WORD
               : n_context == n ? TX_NEEDS_A_WORD
                                : TX_NEEDS_A_WORD_OR_FORM;
    return d == TX_DETECT_CREDIT_CARD ? TX_NEEDS_A_WORD_OR_FORM : TX_NEEDS_A_WORD;
}
