/* SPDX-License-Identifier: MIT */
#include "libtx/detect/detect.h"

#include <string.h>

#define TAX                                                                                        \
    "tax|taxpayer|tax id|tax number|tin|vat|steuer*|st nr|impôt*|fiscal*|fiscale|nif|cif|"        \
    "contribuyente|contribuinte|contribuente|podat*|nip|belasting*|btw|fisc"
#define NATIONAL                                                                                   \
    "national id|national identification|identification number|id number|id no|id card|identity|"  \
    "identity number|citizen|citizen id|personal id|personal number|personal code|ssn|"            \
    "social security|social insurance|ausweis*|personalnummer|identitäts*|identité|"             \
    "identidad|identificación|identità|identidade|identificação|"                              \
    "dowó"                                                                                        \
    "d|tożsamośc*|identiteit*|persoonsnummer|kennitala|documento"

#define DETECTORS(X)                                                                                                                                          \
                                                                                                                                                              \
    X(EMAIL, "email", BASE, NULL)                                                                                                                             \
                                                                                                                                                              \
    X(PHONE_E164, "phone_e164", BASE, NULL)                                                                                                                   \
                                                                                                                                                              \
    X(PHONE_NANP, "phone_nanp", BASE, NULL)                                                                                                                   \
                                                                                                                                                              \
    X(DATE_OF_BIRTH, "date_of_birth", BASE,                                                                                                                   \
      "dob|d o b|date of birth|birth*|born|bday|geburt*|geboren*|geb|geb am|naissance|né|née|né "                                                          \
      "le|née le|date de naissance|ddn|nacimiento|nacido|nacida|fecha nac|fecha de "                                                                         \
      "nacimiento|nascita|nato|nata|nato il|nata il|data di "                                                                                                 \
      "nascita|nascimento|nascido|nascida|data nasc|data de "                                                                                                 \
      "nascimento|urodzenia|urodzony|urodzona|urodz|data ur|data "                                                                                            \
      "urodzenia|geboortedatum|geboorte*|geb "                                                                                                                \
      "datum|syntymä*|födel*|fødsel*|生年月日*|出生*|생년월일*|जन्म*|วันเกิด*")                                                                                  \
                                                                                                                                                              \
    X(MRZ_PASSPORT, "mrz_passport", BASE, NULL)                                                                                                               \
                                                                                                                                                              \
    X(CREDIT_CARD, "credit_card", PCI, NULL)                                                                                                                  \
                                                                                                                                                              \
    X(IBAN, "iban", PCI, NULL)                                                                                                                                \
                                                                                                                                                              \
    X(US_ABA_RTN, "us_aba_rtn", US_IDS,                                                                                                                       \
      "aba|rtn|routing|routing number|routing no|transit number|bank routing|ach|wire "                                                                       \
      "transfer|bankleitzahl|blz|code banque|numéro de routage|numéro d'acheminement|número de "                                                           \
      "ruta|código bancario|numero di instradamento|codice bancario|número de roteamento|código "                                                          \
      "do banco|numer rozliczeniowy|kod banku|routeringsnummer|bankcode")                                                                                     \
                                                                                                                                                              \
    X(BTC_ADDRESS, "btc_address", CRYPTO_ASSETS, NULL)                                                                                                        \
                                                                                                                                                              \
    X(ETH_ADDRESS, "eth_address", CRYPTO_ASSETS, NULL)                                                                                                        \
                                                                                                                                                              \
    X(IMEI, "imei", NETWORK,                                                                                                                                  \
      "imei*|imeisv|handset|device id|equipment identity|phone serial|mobile "                                                                                \
      "serial|gerätenummer|gerätekennung|seriennummer|numéro de série|identifiant de "                                                                    \
      "l'appareil|número de serie|identificador del dispositivo|numero di serie|numero "                                                                     \
      "seriale|número de série|numer seryjny|numer urządzenia|serienummer|toestelnummer")                                                                     \
                                                                                                                                                              \
    X(VIN, "vin", BASE,                                                                                                                                       \
      "vin|vehicle*|chassis|frame "                                                                                                                           \
      "number|fahrgestell*|fahrzeug*|fin|fahrzeugidentifi*|châssis|numéro de "                                                                              \
      "châssis|véhicule*|bastidor|vehículo*|número de "                                                                                                   \
      "bastidor|telaio|veicol*|chassi|veículo*|nadwozi*|pojazd*|numer "                                                                                      \
      "vin|voertuig*|chassisnummer|car")                                                                                                                      \
                                                                                                                                                              \
    X(IPV4, "ipv4", NETWORK, NULL)                                                                                                                            \
                                                                                                                                                              \
    X(IPV6, "ipv6", NETWORK, NULL)                                                                                                                            \
                                                                                                                                                              \
    X(MAC, "mac", NETWORK, NULL)                                                                                                                              \
                                                                                                                                                              \
    X(GPS_COORDS, "gps_coords", LOCATION, NULL)                                                                                                               \
                                                                                                                                                              \
    X(JWT, "jwt", SECRETS, NULL)                                                                                                                              \
                                                                                                                                                              \
    X(AUTH_HEADER, "auth_header", SECRETS, NULL)                                                                                                              \
                                                                                                                                                              \
    X(AWS_KEY_ID, "aws_key_id", SECRETS, NULL)                                                                                                                \
                                                                                                                                                              \
    X(AWS_SECRET, "aws_secret", SECRETS, "aws*|amazon|secret*|secret access key|credential*|key")                                                             \
                                                                                                                                                              \
    X(GCP_API_KEY, "gcp_api_key", SECRETS, NULL)                                                                                                              \
                                                                                                                                                              \
    X(GITHUB_TOKEN, "github_token", SECRETS, NULL)                                                                                                            \
                                                                                                                                                              \
    X(SLACK_TOKEN, "slack_token", SECRETS, NULL)                                                                                                              \
                                                                                                                                                              \
    X(STRIPE_KEY, "stripe_key", SECRETS, NULL)                                                                                                                \
                                                                                                                                                              \
    X(PRIVATE_KEY_PEM, "private_key_pem", SECRETS, NULL)                                                                                                      \
                                                                                                                                                              \
    X(URL_PASSWORD, "url_password", SECRETS, NULL)                                                                                                            \
                                                                                                                                                              \
    X(KV_SECRET, "kv_secret", SECRETS, NULL)                                                                                                                  \
                                                                                                                                                              \
    X(UK_NINO, "uk_nino", EU_NATIONAL_IDS,                                                                                                                    \
      "nino|ni number|ni no|national insurance|nat ins|nationale versicherungsnummer|assurance "                                                              \
      "nationale|seguro nacional|assicurazione nazionale")                                                                                                    \
                                                                                                                                                              \
    X(UK_NHS, "uk_nhs", EU_NATIONAL_IDS,                                                                                                                      \
      "nhs|nhs number|nhs no|national health|health "                                                                                                         \
      "number|patient*|patiënt*|paciente|paziente|utente|pacjent*")                                                                                           \
                                                                                                                                                              \
    X(IE_PPS, "ie_pps", EU_NATIONAL_IDS,                                                                                                                      \
      "pps|ppsn|pps number|pps no|personal public service|uimhir psp|upsp|" NATIONAL)                                                                         \
                                                                                                                                                              \
    X(DE_STEUER_ID, "de_steuer_id", EU_NATIONAL_IDS,                                                                                                          \
      "idnr|steuer id|steueridentifikationsnummer|identifikationsnummer|tin|" TAX)                                                                            \
                                                                                                                                                              \
    X(DE_RVNR, "de_rvnr", EU_NATIONAL_IDS,                                                                                                                    \
      "rvnr|svnr|vsnr|rv nummer|sv "                                                                                                                          \
      "nummer|rentenversicherung*|sozialversicherung*|versicherungsnummer|pension|sécurité "                                                                \
      "sociale|seguridad social|previdenza|segurança social|ubezpieczenie")                                                                                   \
                                                                                                                                                              \
    X(DE_KVNR, "de_kvnr", EU_NATIONAL_IDS,                                                                                                                    \
      "kvnr|kv "                                                                                                                                              \
      "nummer|krankenversicherung*|krankenversicherten*|versicherten*|krankenkasse|"                                                                          \
      "gesundheitskarte|egk|health insurance|assurance maladie|seguro médico|assicurazione "                                                                 \
      "sanitaria|seguro de saúde|zorgverzekering|patient*")                                                                                                   \
                                                                                                                                                              \
    X(DE_PERSONALAUSWEIS, "de_personalausweis", EU_NATIONAL_IDS,                                                                                              \
      "personalausweis*|ausweisnummer|perso|reisepass*|passport*|passeport|pasaporte|passaporto|"                                                             \
      "passaporte|paszport*|paspoort*|carte d'identité|carta d'identità|" NATIONAL)                                                                           \
                                                                                                                                                              \
    X(AT_SVNR, "at_svnr", EU_NATIONAL_IDS,                                                                                                                    \
      "svnr|sv nr|sv nummer|vsnr|sozialversicherung*|versicherungsnummer|ecard|e card|" NATIONAL)                                                             \
                                                                                                                                                              \
    X(CH_AHV, "ch_ahv", EU_NATIONAL_IDS,                                                                                                                      \
      "ahv|ahvn13|avs|navs*|oasi|sozialversicherung*|numéro avs|numero avs|" NATIONAL)                                                                        \
                                                                                                                                                              \
    X(FR_NIR, "fr_nir", EU_NATIONAL_IDS,                                                                                                                      \
      "nir|insee|sécurité sociale|securite sociale|numéro de sécu|num secu|carte "                                                                        \
      "vitale|assuré|" NATIONAL)                                                                                                                              \
                                                                                                                                                              \
    X(ES_DNI_NIE, "es_dni_nie", EU_NATIONAL_IDS,                                                                                                              \
      "dni|nie|nif|documento nacional|número de identidad|" NATIONAL)                                                                                         \
                                                                                                                                                              \
    X(PT_NIF, "pt_nif", EU_NATIONAL_IDS,                                                                                                                      \
      "nif|contribuinte|número de contribuinte|numero de contribuinte|finanças|" TAX)                                                                         \
                                                                                                                                                              \
    X(IT_CODICE_FISCALE, "it_codice_fiscale", EU_NATIONAL_IDS, "codice fiscale|cod fisc|cf|" TAX)                                                             \
                                                                                                                                                              \
    X(GR_AMKA, "gr_amka", EU_NATIONAL_IDS, "amka|αμκα|ΑΜΚΑ|α.μ.κ.α|" NATIONAL)                                                                                \
                                                                                                                                                              \
    X(GR_AFM, "gr_afm", EU_NATIONAL_IDS, "afm|αφμ|ΑΦΜ|α.φ.μ|Α.Φ.Μ|" TAX)                                                                                      \
                                                                                                                                                              \
    X(NL_BSN, "nl_bsn", EU_NATIONAL_IDS,                                                                                                                      \
      "bsn|burgerservice*|burger service*|sofi*|service number|" NATIONAL)                                                                                    \
                                                                                                                                                              \
    X(BE_NN, "be_nn", EU_NATIONAL_IDS,                                                                                                                        \
      "rijksregister*|registre national|niss|insz|rrn|nationaal nummer|national number|numéro "                                                              \
      "national|nationalregister*|" NATIONAL)                                                                                                                 \
                                                                                                                                                              \
    X(SE_PERSONNUMMER, "se_personnummer", EU_NATIONAL_IDS,                                                                                                    \
      "personnummer|personnr|pnr|samordningsnummer|" NATIONAL)                                                                                                \
                                                                                                                                                              \
    X(NO_FODSELSNUMMER, "no_fodselsnummer", EU_NATIONAL_IDS,                                                                                                  \
      "fødselsnummer|fodselsnummer|fødselsnr|fnr|personnummer|d nummer|" NATIONAL)                                                                            \
                                                                                                                                                              \
    X(DK_CPR, "dk_cpr", EU_NATIONAL_IDS, "cpr|cpr nr|cpr nummer|personnummer|" NATIONAL)                                                                      \
                                                                                                                                                              \
    X(FI_HETU, "fi_hetu", EU_NATIONAL_IDS,                                                                                                                    \
      "hetu|henkilötunnus|henkilotunnus|personbeteckning|" NATIONAL)                                                                                          \
                                                                                                                                                              \
    X(EE_IK, "ee_ik", EU_NATIONAL_IDS, "isikukood*|ik|" NATIONAL)                                                                                             \
                                                                                                                                                              \
    X(LT_AK, "lt_ak", EU_NATIONAL_IDS, "asmens kodas|asmens|ak|" NATIONAL)                                                                                    \
                                                                                                                                                              \
    X(LV_PK, "lv_pk", EU_NATIONAL_IDS, "personas kods|personas kod*|" NATIONAL)                                                                               \
                                                                                                                                                              \
    X(PL_PESEL, "pl_pesel", EU_NATIONAL_IDS,                                                                                                                  \
      "pesel*|nr pesel|numer pesel|numer ewidencyjny|polish id|polnische personenkennzahl|numéro "                                                           \
      "pesel|número pesel|numero pesel|" NATIONAL)                                                                                                            \
                                                                                                                                                              \
    X(CZ_SK_RC, "cz_sk_rc", EU_NATIONAL_IDS,                                                                                                                  \
      "rodné číslo|rodne cislo|rodného čísla|rodneho cisla|rodné|rodne|rč|rc|birth "                                                                  \
      "number|geburtsnummer|numéro de naissance|número de nacimiento|numero di nascita|número de "                                                         \
      "nascimento|numer urodzenia|geboortenummer|" NATIONAL)                                                                                                  \
                                                                                                                                                              \
    X(HU_TAJ, "hu_taj", EU_NATIONAL_IDS,                                                                                                                      \
      "taj*|társadalombiztos*|tarsadalombiztos*|health "                                                                                                     \
      "insurance|krankenversicherung*|sozialversicherung*|sécurité sociale|seguridad "                                                                      \
      "social|previdenza sociale|segurança social|ubezpiecz*|ziektekosten*|sociale "                                                                         \
      "zekerheid|" NATIONAL)                                                                                                                                  \
                                                                                                                                                              \
    X(RO_CNP, "ro_cnp", EU_NATIONAL_IDS,                                                                                                                      \
      "cnp|cod numeric personal|cod numeric|personal numeric code|numerischer personencode|code "                                                             \
      "numérique personnel|código numérico personal|codice numerico personale|código numérico "                                                          \
      "pessoal|numer osobisty|persoonlijk nummer|" NATIONAL)                                                                                                  \
                                                                                                                                                              \
    X(BG_EGN, "bg_egn", EU_NATIONAL_IDS,                                                                                                                      \
      "egn|егн|ЕГН|единен граждански|Единен граждански|uniform civil number|unified civil "                             \
      "number|bürgernummer|numéro civil|número civil|numero civile|numer "                                                                                 \
      "obywatelski|burgernummer|" NATIONAL)                                                                                                                   \
                                                                                                                                                              \
    X(TR_TCKN, "tr_tckn", EU_NATIONAL_IDS,                                                                                                                    \
      "tckn|tckimlik*|tc kimlik*|t c kimlik*|kimlik*|tc no|tcno|türkiye "                                                                                    \
      "cumhuriyeti|vatandaşlık|turkish id|türkische identitäts*|numéro turc|identidad "                                                                  \
      "turca|identità turca|turecki numer|turks identiteits*|" NATIONAL)                                                                                      \
                                                                                                                                                              \
    X(US_SSN, "us_ssn", US_IDS,                                                                                                                               \
      "ssn|ssns|social security*|social sec*|soc sec|ss number|sozialversicherung*|sécurité "                                                               \
      "sociale|securite sociale|seguridad social|seguro social|previdenza sociale|sicurezza "                                                                 \
      "sociale|segurança social|seguridade social|ubezpieczenia społecznego|ubezpieczen*|sociale "                                                          \
      "zekerheid|sofi*")                                                                                                                                      \
                                                                                                                                                              \
    X(US_ITIN, "us_itin", US_IDS, "itin|itins|individual taxpayer|taxpayer id*|w 7|" TAX)                                                                     \
                                                                                                                                                              \
    X(US_NPI, "us_npi", US_IDS,                                                                                                                               \
      "npi|national provider*|provider id*|provider number|rendering provider|billing "                                                                       \
      "provider|prescriber*|physician*|arzt*|leistungserbringer*|prestataire*|prescripteur*|"                                                                 \
      "proveedor*|prescriptor*|medico|médico|fornitore|prestador*|lekarz*|świadczeniodaw*|"                                                                 \
      "zorgverlener*|arts")                                                                                                                                   \
                                                                                                                                                              \
    X(US_DEA, "us_dea", US_IDS,                                                                                                                               \
      "dea|dea number|dea no|dea registration|drug "                                                                                                          \
      "enforcement|prescriber*|prescription*|controlled "                                                                                                     \
      "substance*|rezept*|betäubungsmittel*|ordonnance*|prescripteur*|receta*|prescriptor*|"                                                                 \
      "ricetta|prescrizione|receita|prescrição|recepta|voorschrift*|recept")                                                                                  \
                                                                                                                                                              \
    X(US_MBI, "us_mbi", US_IDS,                                                                                                                               \
      "mbi|medicare*|beneficiary*|hicn|cms|begünstigte*|bénéficiaire*|beneficiario*|beneficiário*"                                                        \
      "|beneficjent*|begunstigde*")                                                                                                                           \
                                                                                                                                                              \
    X(CA_SIN, "ca_sin", US_IDS,                                                                                                                               \
      "social insurance*|sin number|sin no|canadian sin|assurance sociale|numéro d'assurance|nas "                                                           \
      "canada|numéro nas|sozialversicherung*|seguro social|assicurazione sociale|ubezpieczenia "                                                             \
      "społecznego|sociale verzekering*")                                                                                                                     \
                                                                                                                                                              \
    X(BR_CPF, "br_cpf", LATAM_IDS,                                                                                                                            \
      "cpf*|cadastro de pessoas|pessoa física|pessoa fisica|individual taxpayer|persona "                                                                    \
      "física|persona fisica|personne physique|natürliche person|osoba fizyczna|natuurlijk "                                                                \
      "persoon|" TAX)                                                                                                                                         \
                                                                                                                                                              \
    X(BR_CNPJ, "br_cnpj", LATAM_IDS,                                                                                                                          \
      "cnpj*|cadastro nacional|pessoa jurídica|pessoa juridica|company number|legal "                                                                        \
      "entity|juristische person|personne morale|persona jurídica|persona giuridica|osoba "                                                                  \
      "prawna|rechtspersoon|" TAX)                                                                                                                            \
                                                                                                                                                              \
    X(MX_CURP, "mx_curp", LATAM_IDS,                                                                                                                          \
      "curp|clave única*|clave unica*|registro de población|registro de poblacion|population "                                                              \
      "registry|bevölkerungsregister*|registre de la population|registro della "                                                                             \
      "popolazione|registro populacional|rejestr ludności|bevolkingsregister|" NATIONAL)                                                                      \
                                                                                                                                                              \
    X(MX_RFC, "mx_rfc", LATAM_IDS, "rfc|registro federal|federal de contribuyentes|" TAX)                                                                     \
                                                                                                                                                              \
    X(AR_CUIT, "ar_cuit", LATAM_IDS,                                                                                                                          \
      "cuit|cuil|cdi|clave única*|clave unica*|identificación tributaria|identificacion "                                                                   \
      "tributaria|identificación laboral|afip|arca|" TAX)                                                                                                     \
                                                                                                                                                              \
    X(CL_RUT, "cl_rut", LATAM_IDS,                                                                                                                            \
      "rut|r u t|rol único*|rol unico*|rol tributario|run nacional|run number|rut "                                                                          \
      "empresa|cédula|cedula|" TAX "|" NATIONAL)                                                                                                              \
                                                                                                                                                              \
    X(IN_AADHAAR, "in_aadhaar", APAC_IDS,                                                                                                                     \
      "aadhaar*|aadhar*|adhaar*|adhar|uid|uidai|आधार*|unique identification|indische "                                                                \
      "identitäts*|numéro aadhaar|número aadhaar|numero aadhaar|numer "                                                                                    \
      "aadhaar|aadhaarnummer|" NATIONAL)                                                                                                                      \
                                                                                                                                                              \
    X(IN_PAN, "in_pan", APAC_IDS, "pan|permanent account|" TAX)                                                                                               \
                                                                                                                                                              \
    X(SG_NRIC, "sg_nric", APAC_IDS, "nric|fin|" NATIONAL)                                                                                                     \
                                                                                                                                                              \
    X(KR_RRN, "kr_rrn", APAC_IDS,                                                                                                                             \
      "rrn|resident registration*|alien registration*|foreigner "                                                                                             \
      "registration*|주민*|외국인등록*|jumin*|einwohnerregist*|numéro d'enregistrement de "                                                           \
      "résident|registro de residente|registro di residenza|registro de residentes|numer "                                                                   \
      "rejestracyjny mieszkańca|inwonersregistratie*|" NATIONAL)                                                                                              \
                                                                                                                                                              \
    X(JP_MYNUMBER, "jp_mynumber", APAC_IDS,                                                                                                                   \
      "my number|mynumber|individual number|kojin bango|マイナンバー*|個人番号*|meine "                                                             \
      "nummer|individuelle nummer|numéro individuel|número individual|numero individuale|numer "                                                            \
      "indywidualny|individueel nummer|" NATIONAL)                                                                                                            \
                                                                                                                                                              \
    X(CN_ID, "cn_id", APAC_IDS, "resident identity|身份证*|shenfenzheng|" NATIONAL)                                                                           \
                                                                                                                                                              \
    X(TH_ID, "th_id", APAC_IDS,                                                                                                                               \
      "thai id|thai national|citizen id|citizen|เลขประจำตัว*|บัตรประชาชน*|เลขบัตร*|thailändische " \
      "id|carte d'identité thaïlandaise|identidad tailandesa|identità thailandese|identidade "                                                             \
      "tailandesa|tajski dowód|thaise identiteit*|" NATIONAL)                                                                                                 \
                                                                                                                                                              \
    X(ZA_ID, "za_id", APAC_IDS,                                                                                                                               \
      "sa id|rsa id|south african id|id number|id no|id "                                                                                                     \
      "nommer|identiteitsnommer|südafrikanische*|identité sud-africaine|identidad "                                                                         \
      "sudafricana|identità sudafricana|identidade "                                                                                                         \
      "sul-africana|południowoafrykańsk*|zuid-afrikaans*|" NATIONAL)                                                                                          \
                                                                                                                                                              \
    X(AU_TFN, "au_tfn", APAC_IDS, "tfn|tax file*|" TAX)                                                                                                       \
                                                                                                                                                              \
    X(AU_MEDICARE, "au_medicare", APAC_IDS,                                                                                                                   \
      "medicare*|health card|irn|patient*|versichertenkarte|krankenversicherung*|carte "                                                                      \
      "d'assurance maladie|assurance maladie|tarjeta sanitaria|seguro médico|tessera "                                                                       \
      "sanitaria|cartão de saúde|karta zdrowia|ubezpieczenie zdrowotne|zorgpas|zorgverzekering")                                                              \
                                                                                                                                                              \
    X(AU_ABN, "au_abn", APAC_IDS,                                                                                                                             \
      "abn|australian business|business number|unternehmensnummer|numéro d'entreprise|número de "                                                           \
      "empresa|número comercial|numero d'impresa|partita iva|número da empresa|numer "                                                                      \
      "firmy|ondernemingsnummer|bedrijfsnummer|" TAX)                                                                                                         \
                                                                                                                                                              \
    X(NZ_IRD, "nz_ird", APAC_IDS, "ird*|inland revenue|tari taake|te tari taake|tari tāke|" TAX)

#define INFO(id, name, pack, context) [TX_DETECT_##id] = {name, TX_PACK_##pack, context},
const struct tx_detector_info tx_detector_infos[TX_DETECT_N] = {DETECTORS(INFO)};

const char *const tx_pack_names[TX_PACK_N] = {
    [TX_PACK_BASE] = "base",         [TX_PACK_PCI] = "pci",
    [TX_PACK_SECRETS] = "secrets",   [TX_PACK_EU_NATIONAL_IDS] = "eu-national-ids",
    [TX_PACK_US_IDS] = "us-ids",     [TX_PACK_LATAM_IDS] = "latam-ids",
    [TX_PACK_APAC_IDS] = "apac-ids", [TX_PACK_NETWORK] = "network",
    [TX_PACK_LOCATION] = "location", [TX_PACK_CRYPTO_ASSETS] = "crypto-assets",
};

#define NAME(id, name, pack, context) name,
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
