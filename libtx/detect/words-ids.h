/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_WORDS_IDS_H
#define TX_DETECT_WORDS_IDS_H

/*
 * The words of detector.h's `context`, of national numbers. Data only.
 */

#include "libtx/detect/words.h"

/* The formatter counts a letter past ASCII as two. */
/* clang-format off */
#define WORDS_UK_NINO \
    "segurança nacional|ubezpieczenia społecznego|ubezpieczenie społeczne|" \
    "nationale verzekering|nino|ni number|ni no|national insurance|nat ins|" \
    "nationale versicherungsnummer|assurance nationale|seguro nacional|" \
    "assicurazione nazionale"
#define WORDS_UK_NHS \
    "nhs|nhs number|nhs no|national health|health number|patient*|patiënt*|paciente|" \
    "paziente|utente|pacjent*"
#define WORDS_IE_PPS \
    "pps|ppsn|pps number|pps no|personal public service|uimhir psp|upsp|" NATIONAL
#define WORDS_DE_STEUER_ID \
    "idnr|steuer id|steueridentifikationsnummer|identifikationsnummer|tin|" TAX
#define WORDS_DE_RVNR \
    "rvnr|svnr|vsnr|rv nummer|sv nummer|rentenversicherung*|sozialversicherung*|" \
    "versicherungsnummer|pension|sécurité sociale|seguridad social|previdenza|" \
    "segurança social|ubezpieczenie"
#define WORDS_DE_KVNR \
    "ubezpieczenie zdrowotne|pacjent*|paciente|paziente|kvnr|kv nummer|" \
    "krankenversicherung*|krankenversicherten*|versicherten*|krankenkasse|" \
    "gesundheitskarte|egk|health insurance|assurance maladie|seguro médico|" \
    "assicurazione sanitaria|seguro de saúde|zorgverzekering|patient*"
#define WORDS_DE_PERSONALAUSWEIS \
    "personalausweis*|ausweisnummer|perso|reisepass*|passport*|passeport|pasaporte|" \
    "passaporto|passaporte|paszport*|paspoort*|carte d'identité|carta d'identità|" NATIONAL
#define WORDS_AT_SVNR \
    "svnr|sv nr|sv nummer|vsnr|sozialversicherung*|versicherungsnummer|ecard|e card|" NATIONAL
#define WORDS_CH_AHV \
    "ahv|ahvn13|avs|navs*|oasi|sozialversicherung*|numéro avs|numero avs|" NATIONAL
#define WORDS_FR_NIR \
    "nir|insee|sécurité sociale|securite sociale|numéro de sécu|num secu|carte vitale|" \
    "assuré|" NATIONAL
#define WORDS_ES_DNI_NIE "dni|nie|nif|documento nacional|número de identidad|" NATIONAL
#define WORDS_PT_NIF \
    "nif|contribuinte|número de contribuinte|numero de contribuinte|finanças|" TAX
#define WORDS_IT_CODICE_FISCALE "codice fiscale|cod fisc|cf|" TAX
#define WORDS_GR_AMKA "amka|αμκα|ΑΜΚΑ|α.μ.κ.α|" NATIONAL
#define WORDS_GR_AFM "afm|αφμ|ΑΦΜ|α.φ.μ|Α.Φ.Μ|" TAX
#define WORDS_NL_BSN "bsn|burgerservice*|burger service*|sofi*|service number|" NATIONAL
#define WORDS_BE_NN \
    "rijksregister*|registre national|niss|insz|rrn|nationaal nummer|national number|" \
    "numéro national|nationalregister*|" NATIONAL
#define WORDS_UK_DRIVING_LICENCE \
    "driving licence|driving license|driver number|driver licence|driver license|" \
    "licence*|license*|dvla|führerschein*|fuehrerschein*|permis de conduire|" \
    "permiso de conducir|patente*|carta de condução|prawo jazdy|rijbewijs*"
#define WORDS_UK_UTR "utr|unique taxpayer|self assessment|" TAX
#define WORDS_LU_NIN "matricule*|nin|" NATIONAL
#define WORDS_ES_NUSS "nuss|naf|seguridad social|afiliación|afiliado|" NATIONAL
#define WORDS_FR_SPI "spi|numéro fiscal|identifiant fiscal|" TAX
#define WORDS_PT_CC \
    "cartão de cidadão|cartao de cidadao|cidadão|cidadao|bilhete de identidade|" NATIONAL
#define WORDS_SE_PERSONNUMMER "personnummer|personnr|pnr|samordningsnummer|" NATIONAL
#define WORDS_NO_FODSELSNUMMER \
    "fødselsnummer|fodselsnummer|fødselsnr|fnr|personnummer|d nummer|" NATIONAL
#define WORDS_DK_CPR "cpr|cpr nr|cpr nummer|personnummer|" NATIONAL
#define WORDS_FI_HETU "hetu|henkilötunnus|henkilotunnus|personbeteckning|" NATIONAL
#define WORDS_EE_IK "isikukood*|ik|" NATIONAL
#define WORDS_LT_AK "asmens kodas|asmens|ak|" NATIONAL
#define WORDS_LV_PK "personas kods|personas kod*|" NATIONAL
#define WORDS_IS_KENNITALA "kt|kennitöl*|" NATIONAL
#define WORDS_PL_PESEL \
    "pesel*|nr pesel|numer pesel|numer ewidencyjny|polish id|polnische personenkennzahl|" \
    "numéro pesel|número pesel|numero pesel|" NATIONAL
#define WORDS_CZ_SK_RC \
    "rodné číslo|rodne cislo|rodného čísla|rodneho cisla|rodné|rodne|rč|rc|birth number|" \
    "geburtsnummer|numéro de naissance|número de nacimiento|numero di nascita|" \
    "número de nascimento|numer urodzenia|geboortenummer|" NATIONAL
#define WORDS_HU_TAJ \
    "taj*|társadalombiztos*|tarsadalombiztos*|health insurance|krankenversicherung*|" \
    "sozialversicherung*|sécurité sociale|seguridad social|previdenza sociale|" \
    "segurança social|ubezpiecz*|ziektekosten*|sociale zekerheid|" NATIONAL
#define WORDS_RO_CNP \
    "cnp|cod numeric personal|cod numeric|personal numeric code|numerischer personencode|" \
    "code numérique personnel|código numérico personal|codice numerico personale|" \
    "código numérico pessoal|numer osobisty|persoonlijk nummer|" NATIONAL
#define WORDS_BG_EGN \
    "egn|егн|ЕГН|единен граждански|Единен граждански|uniform civil number|" \
    "unified civil number|bürgernummer|numéro civil|número civil|numero civile|" \
    "numer obywatelski|burgernummer|" NATIONAL
#define WORDS_TR_TCKN \
    "tckn|tckimlik*|tc kimlik*|t c kimlik*|kimlik*|tc no|tcno|türkiye cumhuriyeti|" \
    "vatandaşlık|turkish id|türkische identitäts*|numéro turc|identidad turca|" \
    "identità turca|turecki numer|turks identiteits*|" NATIONAL
#define WORDS_HR_OIB "oib|osobni identifikacijski*|" TAX "|" NATIONAL
#define WORDS_JMBG \
    "jmbg*|emšo|emso|embg|matični broj|maticni broj|matična številka|maticna stevilka|" \
    "матичен број|матични број|јмбг*|ЈМБГ|" NATIONAL
#define WORDS_PL_NIP "identyfikacji podatkowej|" TAX
#define WORDS_HU_TAX_ID "adóazonosít*|adoazonosit*|adószám*|adoszam*|" TAX
#define WORDS_BG_LNCH "lnch|лнч|ЛНЧ|личен номер|" NATIONAL
#define WORDS_MD_IDNP "idnp|cod personal|" NATIONAL
#define WORDS_UA_RNOKPP "rnokpp|ipn|рнокпп|РНОКПП|іпн|ІПН|ипн|ИПН|ідентифікаці*|" TAX "|" NATIONAL
#define WORDS_RU_INN "inn|инн|ИНН|идентификационный номер|" TAX
#define WORDS_RU_SNILS "snils|снилс|СНИЛС|страховой номер|пенсион*|" NATIONAL
#define WORDS_US_SSN \
    "ssn|ssns|social security*|social sec*|soc sec|ss number|sozialversicherung*|" \
    "sécurité sociale|securite sociale|seguridad social|seguro social|previdenza sociale|" \
    "sicurezza sociale|segurança social|seguridade social|ubezpieczenia społecznego|" \
    "ubezpieczen*|sociale zekerheid|sofi*"
#define WORDS_US_ITIN "itin|itins|individual taxpayer|taxpayer id*|w 7|" TAX
#define WORDS_US_NPI \
    "npi|national provider*|provider id*|provider number|rendering provider|" \
    "billing provider|prescriber*|physician*|arzt*|leistungserbringer*|prestataire*|" \
    "prescripteur*|proveedor*|prescriptor*|medico|médico|fornitore|prestador*|lekarz*|" \
    "świadczeniodaw*|zorgverlener*|arts"
#define WORDS_US_DEA \
    "dea|dea number|dea no|dea registration|drug enforcement|prescriber*|prescription*|" \
    "controlled substance*|rezept*|betäubungsmittel*|ordonnance*|prescripteur*|receta*|" \
    "prescriptor*|ricetta|prescrizione|receita|prescrição|recepta|voorschrift*|recept"
#define WORDS_US_MBI \
    "mbi|medicare*|beneficiary*|hicn|cms|begünstigte*|bénéficiaire*|beneficiario*|" \
    "beneficiário*|beneficjent*|begunstigde*"
#define WORDS_CA_SIN \
    "my sin|sin is|sin card|segurança social|social insurance*|sin number|sin no|" \
    "canadian sin|assurance sociale|numéro d'assurance|nas canada|numéro nas|" \
    "sozialversicherung*|seguro social|assicurazione sociale|ubezpieczenia społecznego|" \
    "sociale verzekering*"
#define WORDS_BR_CPF \
    "cpf*|cadastro de pessoas|pessoa física|pessoa fisica|individual taxpayer|" \
    "persona física|persona fisica|personne physique|natürliche person|osoba fizyczna|" \
    "natuurlijk persoon|" TAX
#define WORDS_BR_CNPJ \
    "cnpj*|cadastro nacional|pessoa jurídica|pessoa juridica|company number|legal entity|" \
    "juristische person|personne morale|persona jurídica|persona giuridica|osoba prawna|" \
    "rechtspersoon|" TAX
#define WORDS_MX_CURP \
    "curp|clave única*|clave unica*|registro de población|registro de poblacion|" \
    "population registry|bevölkerungsregister*|registre de la population|" \
    "registro della popolazione|registro populacional|rejestr ludności|" "bevolkingsregister|" \
    NATIONAL
#define WORDS_MX_RFC "rfc|registro federal|federal de contribuyentes|" TAX
#define WORDS_AR_CUIT \
    "cuit|cuil|cdi|clave única*|clave unica*|identificación tributaria|" \
    "identificacion tributaria|identificación laboral|afip|arca|" TAX
#define WORDS_CL_RUT \
    "rut|r u t|rol único*|rol unico*|rol tributario|run nacional|run number|rut empresa|" \
    "cédula|cedula|" TAX "|" NATIONAL
#define WORDS_EC_CI "cédula*|cedula*|ecuador*|" NATIONAL
#define WORDS_PE_DNI "dni|cui|perú|peru|" NATIONAL
#define WORDS_CO_NIT "nit|cédula*|cedula*|colombia*|" TAX
#define WORDS_DO_CEDULA "cédula*|cedula*|dominican*|" NATIONAL
/* Without a check: only what is said of such cards. */
#define WORDS_CR_CEDULA \
    "cédula*|cedula*|costa rica|national id|id card|identity card|identity number|identidad|" \
    "identificación|identificacion|documento|carte d'identité|personalausweis*|identità|" \
    "identidade|dowód|identiteit*"
#define WORDS_GT_NIT "nit|guatemala*|" TAX
#define WORDS_SV_NIT "nit|el salvador|salvador*|" TAX
#define WORDS_VE_RIF "rif|cédula*|cedula*|venezuela|venezolan*|" TAX
#define WORDS_IN_AADHAAR \
    "aadhaar*|aadhar*|adhaar*|adhar|uid|uidai|आधार*|unique identification|" \
    "indische identitäts*|numéro aadhaar|número aadhaar|numero aadhaar|numer aadhaar|" \
    "aadhaarnummer|" NATIONAL
#define WORDS_IN_PAN "pan|permanent account|" TAX
#define WORDS_SG_NRIC "nric|fin|" NATIONAL
#define WORDS_KR_RRN \
    "rrn|resident registration*|alien registration*|foreigner registration*|주민*|외국인등록*|" \
    "jumin*|einwohnerregist*|numéro d'enregistrement de résident|registro de residente|" \
    "registro di residenza|registro de residentes|numer rejestracyjny mieszkańca|" \
    "inwonersregistratie*|" NATIONAL
#define WORDS_JP_MYNUMBER \
    "my number|mynumber|individual number|kojin bango|マイナンバー*|個人番号*|meine nummer|" \
    "individuelle nummer|numéro individuel|número individual|numero individuale|" \
    "numer indywidualny|individueel nummer|" NATIONAL
#define WORDS_CN_ID "resident identity|身份证*|shenfenzheng|" NATIONAL
#define WORDS_TH_ID \
    "tnin|thai id|thai national|citizen id|citizen|เลขประจำตัว*|บัตรประชาชน*|เลขบัตร*|" \
    "thailändische id|carte d'identité thaïlandaise|identidad tailandesa|" \
    "identità thailandese|identidade tailandesa|tajski dowód|thaise identiteit*|" NATIONAL
#define WORDS_ZA_ID \
    "permanent resident|resident number|sa id|rsa id|south african id|id number|id no|" \
    "id nommer|identiteitsnommer|südafrikanische*|identité sud-africaine|" \
    "identidad sudafricana|identità sudafricana|identidade sul-africana|" \
    "południowoafrykańsk*|zuid-afrikaans*|" NATIONAL
#define WORDS_AU_TFN "tfn|tax file*|" TAX
#define WORDS_AU_MEDICARE \
    "medicare*|health card|irn|patient*|versichertenkarte|krankenversicherung*|" \
    "carte d'assurance maladie|assurance maladie|tarjeta sanitaria|seguro médico|" \
    "tessera sanitaria|cartão de saúde|karta zdrowia|ubezpieczenie zdrowotne|zorgpas|" \
    "zorgverzekering"
#define WORDS_AU_ABN \
    "abn|australian business|business number|unternehmensnummer|numéro d'entreprise|" \
    "número de empresa|número comercial|numero d'impresa|partita iva|número da empresa|" \
    "numer firmy|ondernemingsnummer|bedrijfsnummer|" TAX
#define WORDS_NZ_IRD "ird*|inland revenue|tari taake|te tari taake|tari tāke|" TAX
#define WORDS_AU_ACN \
    "acn|australian company|company number|unternehmensnummer|numéro de société|" \
    "número de empresa|numero della società|número da empresa|numer firmy|" \
    "ondernemingsnummer"
#define WORDS_IL_ID "teudat zehut|mispar zehut|zehut|תעודת זהות|מספר זהות|ת\"ז|israel*|" NATIONAL
#define WORDS_PK_CNIC "cnic|nicop|nadra|شناختی*|pakistan*|" NATIONAL
#define WORDS_MY_NRIC "mykad|nric|ic|ic no|ic number|kad pengenalan|" NATIONAL
#define WORDS_ID_NIK "nik|ktp|e ktp|nomor induk*|kependudukan|" NATIONAL
#define WORDS_ID_NPWP "npwp|wajib pajak|" TAX
#define WORDS_IN_VOTER \
    "voter*|vote|epic|election card|मतदाता*|wähler*|électeur*|elector*|elettor*|eleitor*|" \
    "wyborc*|kiezer*"
#define WORDS_IN_GSTIN "gstin*|gst|gst no|gst number|" TAX
#define WORDS_TW_ID "身分證*|身份證*|身分证*|taiwan*|" NATIONAL
#define WORDS_HK_ID "hkid*|hkic|香港身份證*|hong kong*|" NATIONAL
#define WORDS_KZ_IIN "iin|иин|ИИН|жсн|ЖСН|" NATIONAL
#define WORDS_EG_ID "الرقم القومي|رقم قومي|بطاقة*|egypt*|" NATIONAL

/* clang-format on */

#endif
