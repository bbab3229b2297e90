/* SPDX-License-Identifier: MIT */
#include "libtx/detect/detect.h"

#include <string.h>

#include "libtx/detect/words-ids.h"
#include "libtx/detect/words.h"

/* Their order is the enum's. */
#define DETECTORS(X)                                                                               \
    X(EMAIL, "email", BASE)                                                                        \
    X(PHONE_E164, "phone_e164", BASE)                                                              \
    X(PHONE_NANP, "phone_nanp", BASE)                                                              \
    X(PHONE_NATIONAL, "phone_national", BASE)                                                      \
    X(DATE_OF_BIRTH, "date_of_birth", BASE)                                                        \
    X(MRZ_PASSPORT, "mrz_passport", BASE)                                                          \
    X(PASSPORT, "passport", BASE)                                                                  \
    X(CREDIT_CARD, "credit_card", PCI)                                                             \
    X(IBAN, "iban", PCI)                                                                           \
    X(US_ABA_RTN, "us_aba_rtn", US_IDS)                                                            \
    X(BTC_ADDRESS, "btc_address", CRYPTO_ASSETS)                                                   \
    X(ETH_ADDRESS, "eth_address", CRYPTO_ASSETS)                                                   \
    X(IMEI, "imei", NETWORK)                                                                       \
    X(VIN, "vin", BASE)                                                                            \
    X(IPV4, "ipv4", NETWORK)                                                                       \
    X(IPV6, "ipv6", NETWORK)                                                                       \
    X(MAC, "mac", NETWORK)                                                                         \
    X(GPS_COORDS, "gps_coords", LOCATION)                                                          \
    X(JWT, "jwt", SECRETS)                                                                         \
    X(AUTH_HEADER, "auth_header", SECRETS)                                                         \
    X(AWS_KEY_ID, "aws_key_id", SECRETS)                                                           \
    X(AWS_SECRET, "aws_secret", SECRETS)                                                           \
    X(GCP_API_KEY, "gcp_api_key", SECRETS)                                                         \
    X(GITHUB_TOKEN, "github_token", SECRETS)                                                       \
    X(SLACK_TOKEN, "slack_token", SECRETS)                                                         \
    X(STRIPE_KEY, "stripe_key", SECRETS)                                                           \
    X(PRIVATE_KEY_PEM, "private_key_pem", SECRETS)                                                 \
    X(URL_PASSWORD, "url_password", SECRETS)                                                       \
    X(KV_SECRET, "kv_secret", SECRETS)                                                             \
    X(VENDOR_TOKEN, "vendor_token", SECRETS)                                                       \
    X(UK_NINO, "uk_nino", EU_NATIONAL_IDS)                                                         \
    X(UK_NHS, "uk_nhs", EU_NATIONAL_IDS)                                                           \
    X(IE_PPS, "ie_pps", EU_NATIONAL_IDS)                                                           \
    X(DE_STEUER_ID, "de_steuer_id", EU_NATIONAL_IDS)                                               \
    X(DE_RVNR, "de_rvnr", EU_NATIONAL_IDS)                                                         \
    X(DE_KVNR, "de_kvnr", EU_NATIONAL_IDS)                                                         \
    X(DE_PERSONALAUSWEIS, "de_personalausweis", EU_NATIONAL_IDS)                                   \
    X(AT_SVNR, "at_svnr", EU_NATIONAL_IDS)                                                         \
    X(CH_AHV, "ch_ahv", EU_NATIONAL_IDS)                                                           \
    X(FR_NIR, "fr_nir", EU_NATIONAL_IDS)                                                           \
    X(ES_DNI_NIE, "es_dni_nie", EU_NATIONAL_IDS)                                                   \
    X(PT_NIF, "pt_nif", EU_NATIONAL_IDS)                                                           \
    X(IT_CODICE_FISCALE, "it_codice_fiscale", EU_NATIONAL_IDS)                                     \
    X(GR_AMKA, "gr_amka", EU_NATIONAL_IDS)                                                         \
    X(GR_AFM, "gr_afm", EU_NATIONAL_IDS)                                                           \
    X(NL_BSN, "nl_bsn", EU_NATIONAL_IDS)                                                           \
    X(BE_NN, "be_nn", EU_NATIONAL_IDS)                                                             \
    X(UK_DRIVING_LICENCE, "uk_driving_licence", EU_NATIONAL_IDS)                                   \
    X(UK_UTR, "uk_utr", EU_NATIONAL_IDS)                                                           \
    X(LU_NIN, "lu_nin", EU_NATIONAL_IDS)                                                           \
    X(ES_NUSS, "es_nuss", EU_NATIONAL_IDS)                                                         \
    X(FR_SPI, "fr_spi", EU_NATIONAL_IDS)                                                           \
    X(PT_CC, "pt_cc", EU_NATIONAL_IDS)                                                             \
    X(SE_PERSONNUMMER, "se_personnummer", EU_NATIONAL_IDS)                                         \
    X(NO_FODSELSNUMMER, "no_fodselsnummer", EU_NATIONAL_IDS)                                       \
    X(DK_CPR, "dk_cpr", EU_NATIONAL_IDS)                                                           \
    X(FI_HETU, "fi_hetu", EU_NATIONAL_IDS)                                                         \
    X(EE_IK, "ee_ik", EU_NATIONAL_IDS)                                                             \
    X(LT_AK, "lt_ak", EU_NATIONAL_IDS)                                                             \
    X(LV_PK, "lv_pk", EU_NATIONAL_IDS)                                                             \
    X(IS_KENNITALA, "is_kennitala", EU_NATIONAL_IDS)                                               \
    X(PL_PESEL, "pl_pesel", EU_NATIONAL_IDS)                                                       \
    X(CZ_SK_RC, "cz_sk_rc", EU_NATIONAL_IDS)                                                       \
    X(HU_TAJ, "hu_taj", EU_NATIONAL_IDS)                                                           \
    X(RO_CNP, "ro_cnp", EU_NATIONAL_IDS)                                                           \
    X(BG_EGN, "bg_egn", EU_NATIONAL_IDS)                                                           \
    X(TR_TCKN, "tr_tckn", EU_NATIONAL_IDS)                                                         \
    X(HR_OIB, "hr_oib", EU_NATIONAL_IDS)                                                           \
    X(JMBG, "jmbg", EU_NATIONAL_IDS)                                                               \
    X(PL_NIP, "pl_nip", EU_NATIONAL_IDS)                                                           \
    X(HU_TAX_ID, "hu_tax_id", EU_NATIONAL_IDS)                                                     \
    X(BG_LNCH, "bg_lnch", EU_NATIONAL_IDS)                                                         \
    X(MD_IDNP, "md_idnp", EU_NATIONAL_IDS)                                                         \
    X(UA_RNOKPP, "ua_rnokpp", EU_NATIONAL_IDS)                                                     \
    X(RU_INN, "ru_inn", EU_NATIONAL_IDS)                                                           \
    X(RU_SNILS, "ru_snils", EU_NATIONAL_IDS)                                                       \
    X(US_SSN, "us_ssn", US_IDS)                                                                    \
    X(US_ITIN, "us_itin", US_IDS)                                                                  \
    X(US_NPI, "us_npi", US_IDS)                                                                    \
    X(US_DEA, "us_dea", US_IDS)                                                                    \
    X(US_MBI, "us_mbi", US_IDS)                                                                    \
    X(CA_SIN, "ca_sin", US_IDS)                                                                    \
    X(BR_CPF, "br_cpf", LATAM_IDS)                                                                 \
    X(BR_CNPJ, "br_cnpj", LATAM_IDS)                                                               \
    X(MX_CURP, "mx_curp", LATAM_IDS)                                                               \
    X(MX_RFC, "mx_rfc", LATAM_IDS)                                                                 \
    X(AR_CUIT, "ar_cuit", LATAM_IDS)                                                               \
    X(CL_RUT, "cl_rut", LATAM_IDS)                                                                 \
    X(EC_CI, "ec_ci", LATAM_IDS)                                                                   \
    X(PE_DNI, "pe_dni", LATAM_IDS)                                                                 \
    X(CO_NIT, "co_nit", LATAM_IDS)                                                                 \
    X(DO_CEDULA, "do_cedula", LATAM_IDS)                                                           \
    X(CR_CEDULA, "cr_cedula", LATAM_IDS)                                                           \
    X(GT_NIT, "gt_nit", LATAM_IDS)                                                                 \
    X(SV_NIT, "sv_nit", LATAM_IDS)                                                                 \
    X(VE_RIF, "ve_rif", LATAM_IDS)                                                                 \
    X(IN_AADHAAR, "in_aadhaar", APAC_IDS)                                                          \
    X(IN_PAN, "in_pan", APAC_IDS)                                                                  \
    X(SG_NRIC, "sg_nric", APAC_IDS)                                                                \
    X(KR_RRN, "kr_rrn", APAC_IDS)                                                                  \
    X(JP_MYNUMBER, "jp_mynumber", APAC_IDS)                                                        \
    X(CN_ID, "cn_id", APAC_IDS)                                                                    \
    X(TH_ID, "th_id", APAC_IDS)                                                                    \
    X(ZA_ID, "za_id", APAC_IDS)                                                                    \
    X(AU_TFN, "au_tfn", APAC_IDS)                                                                  \
    X(AU_MEDICARE, "au_medicare", APAC_IDS)                                                        \
    X(AU_ABN, "au_abn", APAC_IDS)                                                                  \
    X(NZ_IRD, "nz_ird", APAC_IDS)                                                                  \
    X(AU_ACN, "au_acn", APAC_IDS)                                                                  \
    X(IL_ID, "il_id", APAC_IDS)                                                                    \
    X(PK_CNIC, "pk_cnic", APAC_IDS)                                                                \
    X(MY_NRIC, "my_nric", APAC_IDS)                                                                \
    X(ID_NIK, "id_nik", APAC_IDS)                                                                  \
    X(ID_NPWP, "id_npwp", APAC_IDS)                                                                \
    X(IN_VOTER, "in_voter", APAC_IDS)                                                              \
    X(IN_GSTIN, "in_gstin", APAC_IDS)                                                              \
    X(TW_ID, "tw_id", APAC_IDS)                                                                    \
    X(HK_ID, "hk_id", APAC_IDS)                                                                    \
    X(KZ_IIN, "kz_iin", APAC_IDS)                                                                  \
    X(EG_ID, "eg_id", APAC_IDS)

#define INFO(id, name, pack) [TX_DETECT_##id] = {name, TX_PACK_##pack, WORDS_##id},
const struct tx_detector_info tx_detector_infos[TX_DETECT_N] = {DETECTORS(INFO)};

const char *const tx_pack_names[TX_PACK_N] = {
    [TX_PACK_BASE] = "base",         [TX_PACK_PCI] = "pci",
    [TX_PACK_SECRETS] = "secrets",   [TX_PACK_EU_NATIONAL_IDS] = "eu-national-ids",
    [TX_PACK_US_IDS] = "us-ids",     [TX_PACK_LATAM_IDS] = "latam-ids",
    [TX_PACK_APAC_IDS] = "apac-ids", [TX_PACK_NETWORK] = "network",
    [TX_PACK_LOCATION] = "location", [TX_PACK_CRYPTO_ASSETS] = "crypto-assets",
};

#define NAME(id, name, pack) name,
const char *const tx_detector_names[] = {
    DETECTORS(NAME) "pack:base",
    "pack:pci",
    "pack:secrets",
    "pack:eu-national-ids",
    "pack:us-ids",
    "pack:latam-ids",
    "pack:apac-ids",
    "pack:network",
    "pack:location",
    "pack:crypto-assets",
    NULL,
};

_Static_assert(TX_DETECT_N > 64 && TX_DETECT_N < 128, "two words");
#define FIRST_WORD UINT64_MAX
#define LAST_WORD ((UINT64_C(1) << (TX_DETECT_N % 64)) - 1)
const struct tx_detector_set tx_detectors_all = {.word = {FIRST_WORD, LAST_WORD}};

#define BIT(id) (UINT64_C(1) << (TX_DETECT_##id % 64))
const struct tx_detector_set tx_detectors_of_numbers = {
    .word = {UINT64_MAX & ~(BIT(EMAIL) | BIT(IPV4) | BIT(IPV6) | BIT(GPS_COORDS) | BIT(KV_SECRET)),
             LAST_WORD}};

enum tx_detector tx_detector_find(struct tx_text name) {
    for (size_t d = 0; d < TX_DETECT_N; d++)
        if (strlen(tx_detector_infos[d].name) == name.n &&
            memcmp(tx_detector_infos[d].name, name.p, name.n) == 0)
            return (enum tx_detector)d;
    return TX_DETECT_N;
}
