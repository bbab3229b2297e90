/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_WORDS_H
#define TX_DETECT_WORDS_H

/*
 * The words of detector.h's `context`, of people, money, things, networks and secrets; and those
 * that many numbers share. Data only.
 */

/* The formatter counts a letter past ASCII as two. */
/* clang-format off */
#define TAX \
    "tax|taxpayer|tax id|tax number|tin|vat|steuer*|st nr|impôt*|impot*|fiscal*|fiscale|" \
    "nif|cif|contribuyente|contribuinte|contribuente|podat*|nip|belasting*|btw|fisc"
#define NATIONAL \
    "national id|national identification|identification number|id number|id no|id card|" \
    "identity|identity number|citizen|citizen id|personal id|personal number|" \
    "personal code|ssn|social security|social insurance|ausweis*|personalnummer|" \
    "identitäts*|identité|identidad|identificación|identità|identidade|identificação|" \
    "dowód|tożsamośc*|identiteit*|persoonsnummer|kennitala|documento|identite|" \
    "identificacion|identita|identificacao|dowod|tozsamosc*"
#define PHONE \
    "phone|phones|phone no|phone number|phonenumber|telephone|telephones|" \
    "telephone number|tel|tel no|mobile|mobile no|cell|cell phone|cellphone|fax|msisdn|" \
    "whatsapp|contact no|contact number|telefon*|fernruf|handy|handynummer|rufnummer|" \
    "mobil|mobilnummer|mobiltelefon|téléphon*|portable|numéro de portable|teléfono*|" \
    "móvil|celular|telefono*|cellulare|telefone*|telemóvel|komórk*|tel kom|gsm|mobiel*|" \
    "telefoon*|telefonnummer|telefonnr|puhelin*|電話*|手机*|手機*|电话*|전화*|휴대폰*|телефон*|" \
    "telepono|cep telefonu|cep no|can call|please call|call back|call at|call me|call us|reach me|reach us|dial|messages to|" \
    "answering at|contact me|contact us|ring me|anrufen|rückruf*|appelez|rappelez|" \
    "joindre|llámame|llámanos|llamar|chiamami|chiamare|ligue|ligar|zadzwoń|dzwonić|" \
    "bel mij|bellen"

#define WORDS_EMAIL NULL
#define WORDS_PHONE_E164 NULL
#define WORDS_PHONE_NANP PHONE
#define WORDS_PHONE_NATIONAL PHONE
#define WORDS_DATE_OF_BIRTH \
    "dob|d o b|date of birth|birth*|born|bday|geburt*|geboren*|geb|geb am|naissance|né|" \
    "née|né le|née le|date de naissance|ddn|nacimiento|nacido|nacida|fecha nac|" \
    "fecha de nacimiento|nascita|nato|nata|nato il|nata il|data di nascita|nascimento|" \
    "nascido|nascida|data nasc|data de nascimento|urodzenia|urodzony|urodzona|urodz|" \
    "data ur|data urodzenia|geboortedatum|geboorte*|geb datum|syntymä*|födel*|fødsel*|" \
    "生年月日*|出生*|생년월일*|जन्म*|วันเกิด*"
#define WORDS_MRZ_PASSPORT NULL
#define WORDS_PASSPORT \
    "passport*|travel document|reisepass*|pass nr|passnummer|passeport*|" \
    "document de voyage|pasaporte*|documento de viaje|passaporto*|documento di viaggio|" \
    "passaporte*|documento de viagem|paszport*|dokument podróży|paspoort*|reisdocument*"
#define WORDS_CREDIT_CARD \
    "card*|credit card|debit card|cc|pan|payment*|visa|mastercard|amex|maestro|uatp|" \
    "karte|kreditkarte*|kartennummer|zahlung*|carte|carte bancaire|paiement*|tarjeta*|" \
    "pago*|carta|carta di credito|pagamento*|cartão*|karta|karty|płatnoś*|kaart*|" \
    "creditcard*|betaling*"
#define WORDS_IBAN NULL
#define WORDS_US_ABA_RTN \
    "aba|rtn|routing|routing number|routing no|transit number|bank routing|ach|" \
    "wire transfer|bankleitzahl|blz|code banque|numéro de routage|numéro d'acheminement|" \
    "número de ruta|código bancario|numero di instradamento|codice bancario|" \
    "número de roteamento|código do banco|numer rozliczeniowy|kod banku|routeringsnummer|" \
    "bankcode"
#define WORDS_BTC_ADDRESS NULL
#define WORDS_ETH_ADDRESS NULL
#define WORDS_IMEI \
    "imei*|imeisv|handset|device id|equipment identity|phone serial|mobile serial|" \
    "gerätenummer|gerätekennung|seriennummer|numéro de série|identifiant de l'appareil|" \
    "número de serie|identificador del dispositivo|numero di serie|numero seriale|" \
    "número de série|numer seryjny|numer urządzenia|serienummer|toestelnummer"
#define WORDS_VIN \
    "vin|vehicle*|chassis|frame number|fahrgestell*|fahrzeug*|fin|fahrzeugidentifi*|" \
    "châssis|numéro de châssis|véhicule*|bastidor|vehículo*|número de bastidor|telaio|" \
    "veicol*|chassi|veículo*|nadwozi*|pojazd*|numer vin|voertuig*|chassisnummer|car"
#define WORDS_IPV4 NULL
#define WORDS_IPV6 NULL
#define WORDS_MAC NULL
#define WORDS_GPS_COORDS NULL
#define WORDS_JWT NULL
#define WORDS_AUTH_HEADER NULL
#define WORDS_AWS_KEY_ID NULL
#define WORDS_AWS_SECRET "aws*|amazon|secret*|secret access key|credential*|key"
#define WORDS_GCP_API_KEY NULL
#define WORDS_GITHUB_TOKEN NULL
#define WORDS_SLACK_TOKEN NULL
#define WORDS_STRIPE_KEY NULL
#define WORDS_PRIVATE_KEY_PEM NULL
#define WORDS_URL_PASSWORD NULL
#define WORDS_KV_SECRET NULL
#define WORDS_VENDOR_TOKEN NULL

/* clang-format on */

#endif
