/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_DETECTOR_H
#define TX_DETECT_DETECTOR_H

/*
 * Which detectors there are: their names, their packs, and the words that make one of their
 * candidates believable. Data only.
 */

enum tx_pack {
    TX_PACK_BASE, /* on by default */
    TX_PACK_PCI,
    TX_PACK_SECRETS,
    TX_PACK_EU_NATIONAL_IDS,
    TX_PACK_US_IDS,
    TX_PACK_LATAM_IDS,
    TX_PACK_APAC_IDS,
    TX_PACK_NETWORK,
    TX_PACK_LOCATION,
    TX_PACK_CRYPTO_ASSETS,
    TX_PACK_N,
};

enum tx_detector {
    /* people */
    TX_DETECT_EMAIL,
    TX_DETECT_PHONE_E164,
    TX_DETECT_PHONE_NANP,
    TX_DETECT_PHONE_NATIONAL, /* without the country */
    TX_DETECT_DATE_OF_BIRTH,
    TX_DETECT_MRZ_PASSPORT, /* TD3, TD2 and TD1 */
    TX_DETECT_PASSPORT,
    /* money */
    TX_DETECT_CREDIT_CARD,
    TX_DETECT_IBAN,
    TX_DETECT_US_ABA_RTN,
    TX_DETECT_BTC_ADDRESS,
    TX_DETECT_ETH_ADDRESS,
    /* things */
    TX_DETECT_IMEI,
    TX_DETECT_VIN,
    /* network and place */
    TX_DETECT_IPV4,
    TX_DETECT_IPV6,
    TX_DETECT_MAC,
    TX_DETECT_GPS_COORDS,
    /* secrets */
    TX_DETECT_JWT,
    TX_DETECT_AUTH_HEADER,
    TX_DETECT_AWS_KEY_ID,
    TX_DETECT_AWS_SECRET,
    TX_DETECT_GCP_API_KEY,
    TX_DETECT_GITHUB_TOKEN,
    TX_DETECT_SLACK_TOKEN,
    TX_DETECT_STRIPE_KEY,
    TX_DETECT_PRIVATE_KEY_PEM,
    TX_DETECT_URL_PASSWORD,
    TX_DETECT_KV_SECRET,
    TX_DETECT_VENDOR_TOKEN,
    /* western and southern Europe */
    TX_DETECT_UK_NINO,
    TX_DETECT_UK_NHS,
    TX_DETECT_IE_PPS,
    TX_DETECT_DE_STEUER_ID,
    TX_DETECT_DE_RVNR,
    TX_DETECT_DE_KVNR,
    TX_DETECT_DE_PERSONALAUSWEIS,
    TX_DETECT_AT_SVNR,
    TX_DETECT_CH_AHV,
    TX_DETECT_FR_NIR,
    TX_DETECT_ES_DNI_NIE,
    TX_DETECT_PT_NIF,
    TX_DETECT_IT_CODICE_FISCALE,
    TX_DETECT_GR_AMKA,
    TX_DETECT_GR_AFM,
    TX_DETECT_NL_BSN,
    TX_DETECT_BE_NN,
    TX_DETECT_UK_DRIVING_LICENCE,
    TX_DETECT_UK_UTR,
    TX_DETECT_LU_NIN,
    TX_DETECT_ES_NUSS,
    TX_DETECT_FR_SPI,
    TX_DETECT_PT_CC,
    /* northern Europe and the Baltic */
    TX_DETECT_SE_PERSONNUMMER,
    TX_DETECT_NO_FODSELSNUMMER,
    TX_DETECT_DK_CPR,
    TX_DETECT_FI_HETU,
    TX_DETECT_EE_IK,
    TX_DETECT_LT_AK,
    TX_DETECT_LV_PK,
    TX_DETECT_IS_KENNITALA,
    /* eastern Europe */
    TX_DETECT_PL_PESEL,
    TX_DETECT_CZ_SK_RC,
    TX_DETECT_HU_TAJ,
    TX_DETECT_RO_CNP,
    TX_DETECT_BG_EGN,
    TX_DETECT_TR_TCKN,
    TX_DETECT_HR_OIB,
    TX_DETECT_JMBG, /* all that was Yugoslavia */
    TX_DETECT_PL_NIP,
    TX_DETECT_HU_TAX_ID,
    TX_DETECT_BG_LNCH,
    TX_DETECT_MD_IDNP,
    TX_DETECT_UA_RNOKPP,
    TX_DETECT_RU_INN,
    TX_DETECT_RU_SNILS,
    /* America */
    TX_DETECT_US_SSN,
    TX_DETECT_US_ITIN,
    TX_DETECT_US_NPI,
    TX_DETECT_US_DEA,
    TX_DETECT_US_MBI,
    TX_DETECT_CA_SIN,
    TX_DETECT_BR_CPF,
    TX_DETECT_BR_CNPJ,
    TX_DETECT_MX_CURP,
    TX_DETECT_MX_RFC,
    TX_DETECT_AR_CUIT,
    TX_DETECT_CL_RUT,
    TX_DETECT_EC_CI,
    TX_DETECT_PE_DNI,
    TX_DETECT_CO_NIT,
    TX_DETECT_DO_CEDULA,
    TX_DETECT_CR_CEDULA,
    TX_DETECT_GT_NIT,
    TX_DETECT_SV_NIT,
    TX_DETECT_VE_RIF,
    /* Asia, Africa, Oceania */
    TX_DETECT_IN_AADHAAR,
    TX_DETECT_IN_PAN,
    TX_DETECT_SG_NRIC,
    TX_DETECT_KR_RRN,
    TX_DETECT_JP_MYNUMBER,
    TX_DETECT_CN_ID,
    TX_DETECT_TH_ID,
    TX_DETECT_ZA_ID,
    TX_DETECT_AU_TFN,
    TX_DETECT_AU_MEDICARE,
    TX_DETECT_AU_ABN,
    TX_DETECT_NZ_IRD,
    TX_DETECT_AU_ACN,
    TX_DETECT_IL_ID,
    TX_DETECT_PK_CNIC,
    TX_DETECT_MY_NRIC,
    TX_DETECT_ID_NIK,
    TX_DETECT_ID_NPWP,
    TX_DETECT_IN_VOTER,
    TX_DETECT_IN_GSTIN,
    TX_DETECT_TW_ID,
    TX_DETECT_HK_ID,
    TX_DETECT_KZ_IIN,
    TX_DETECT_EG_ID,
    TX_DETECT_N,
};

struct tx_detector_info {
    const char *name;
    enum tx_pack pack;
    /* Lower-case words and phrases in English, German, French, Spanish, Italian, Portuguese, Polish
     * and Dutch (and the number's own country's), separated by `|`; NULL: never needs one. Accents
     * are written as they are. Each stands as whole words, but that a word that ends in `*` begins
     * one. */
    const char *context;
};

extern const struct tx_detector_info tx_detector_infos[TX_DETECT_N];
extern const char *const tx_pack_names[TX_PACK_N];

/* The detectors' names and `pack:NAME` of each pack, with NULL at the end: what a rule may name. */
extern const char *const tx_detector_names[];

#endif
